//! The schema file is what the types say, and says something about every member.

use serde_json::{Value, json};

use super::documents::WHOLE;
use crate::config::Config;

const FILE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/config.schema.json"
));

#[test]
fn the_schema_file_is_up_to_date() {
    // Values, not text: another crate of the build may switch on serde_json's `preserve_order`.
    let written: Value = serde_json::from_str(FILE).unwrap();
    assert!(
        written == Config::json_schema() && FILE.ends_with("}\n"),
        "docs/config.schema.json differs from the types: run `cargo xtask schema`, or\n\
         cargo run -p fapi-core --features schema --example config_schema > docs/config.schema.json"
    );
}

#[test]
fn every_member_is_described() {
    let schema = Config::json_schema();
    let definitions = schema["$defs"].as_object().unwrap();
    // Somebody else's formats: they may have members that we do not know.
    let ours = definitions
        .iter()
        .filter(|(name, _)| *name != "JwkSet" && *name != "PrivateKey");
    let mut seen = 0;
    for object in ours.map(|(_, object)| object).chain([&schema]) {
        let Some(members) = object["properties"].as_object() else {
            continue;
        };
        assert_eq!(object["additionalProperties"], false, "{object}");
        for (name, member) in members {
            assert!(member["description"].is_string(), "{name}: {member}");
            seen += 1;
        }
    }
    assert!(seen > 70, "{seen}");
}

/// Ranges stand twice, in `validate` and as attributes for the schema: the two must agree.
#[test]
fn ranges_are_those_of_validation() {
    let places = [
        ("", ""),
        ("/$defs/DpopConfig", "/dpop"),
        ("/$defs/NonceConfig", "/dpop/nonce"),
        ("/$defs/ReplayConfig", "/dpop/replay"),
        ("/$defs/MtlsConfig", "/mtls"),
        ("/$defs/IntrospectionConfig", "/issuers/0/introspection"),
        (
            "/$defs/OpaqueToken",
            "/issuers/0/introspection/opaque_token",
        ),
        ("/$defs/RedisConfig", "/redis"),
        ("/$defs/HttpConfig", "/http"),
        ("/$defs/EnvoyConfig", "/envoy"),
    ];
    let mut right: Value = serde_json::from_str(WHOLE).unwrap();
    // So that the bounds of one member do not depend on another one.
    right["dpop"]["replay"]["capacity"] = json!(1_u64 << 31);
    right["dpop"]["replay"]["per_key"] = json!(1);
    right["issuers"][0]["introspection"]["opaque_token"] = json!({ "length": 46 });

    let schema = Config::json_schema();
    let mut seen = 0;
    for (definition, place) in places {
        let definition = schema.pointer(definition).unwrap();
        for (name, member) in definition["properties"].as_object().unwrap() {
            let Some(maximum) = member["maximum"].as_i64() else {
                continue;
            };
            let minimum = member["minimum"].as_i64().unwrap();
            seen += 1;
            for value in [minimum - 1, minimum, maximum, maximum + 1] {
                let mut document = right.clone();
                document.pointer_mut(place).unwrap()[name] = json!(value);
                let read = Config::from_json(&document.to_string());
                let allowed = (minimum..=maximum).contains(&value);
                assert_eq!(read.is_ok(), allowed, "{name}: {value}: {read:?}");
                if let Err(error) = read {
                    assert!(error.path().ends_with(name.as_str()), "{error}");
                }
            }
        }
    }
    assert_eq!(seen, 20);
}
