//! The document's JSON Schema (draft 2020-12), generated from the types.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Config, JwkSetDocument, PrivateKey, Secret, TrustedProxy};

impl Config {
    /// The schema of the document. The syntax of strings and the relations between members are checked by
    /// [`Config::validate`] alone; the descriptions name them.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Config).to_value()
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A secret: from an environment variable, from a file (not in WebAssembly), or inline, with a warning.",
            "oneOf": [
                { "type": "string", "description": "The value itself." },
                place("env", "The name of the environment variable."),
                place("file", "The path of the file. White space at its end does not belong to the value."),
            ]
        })
    }
}

impl JsonSchema for PrivateKey {
    fn schema_name() -> Cow<'static, str> {
        "PrivateKey".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A private key: a JWK (RFC 7517), or a secret that holds a JWK's text.",
            "oneOf": [
                { "type": "object", "properties": { "kty": { "type": "string" } }, "required": ["kty"] },
                generator.subschema_for::<Secret>(),
            ]
        })
    }
}

impl JsonSchema for JwkSetDocument {
    fn schema_name() -> Cow<'static, str> {
        "JwkSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A JWK set (RFC 7517 §5).",
            "type": "object",
            "properties": { "keys": { "type": "array", "items": { "type": "object" } } },
            "required": ["keys"]
        })
    }
}

impl JsonSchema for TrustedProxy {
    fn schema_name() -> Cow<'static, str> {
        "TrustedProxy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A network in CIDR notation, such as `10.0.0.0/8`, or `unix` for a Unix domain socket.",
            "type": "string",
            "pattern": "^(unix|[0-9A-Fa-f.:]+/[0-9]{1,3})$"
        })
    }
}

fn place(name: &str, description: &str) -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "properties": { name: { "type": "string", "description": description } },
        "required": [name],
        "additionalProperties": false
    })
}
