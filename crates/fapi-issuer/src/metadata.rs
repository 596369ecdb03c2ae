//! Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3): only what is true of this server, under
//! registered names.

use fapi_core::dpop::Origin;
use fapi_core::jose::AlgorithmSet;
use serde_json::{Map, Value, json};

use crate::encryption::{ContentEncryption, EncryptionAlgorithm};
use crate::uri::IssuerUri;

/// The member that says what introspection answers are signed with (RFC 9701 §7). It changes with the keys.
pub(crate) const INTROSPECTION_SIGNING: &str = "introspection_signing_alg_values_supported";

/// The members that say what clients may have things signed with. They change with the keys.
pub(crate) const SIGNED_WITH_ANY: [&str; 2] = [
    "id_token_signing_alg_values_supported",
    "authorization_signing_alg_values_supported",
];

/// What the metadata tells of the configuration.
pub(crate) struct Facts<'a> {
    pub(crate) uri: &'a IssuerUri,
    pub(crate) scopes: Vec<&'a str>,
    pub(crate) grant_types: Vec<&'static str>,
    pub(crate) auth_methods: Vec<&'static str>,
    pub(crate) proof_algorithms: AlgorithmSet,
    pub(crate) detail_types: Vec<&'a str>,
    pub(crate) claims: Vec<&'a str>,
    pub(crate) acr_values: Vec<&'a str>,
    pub(crate) protected_resources: Vec<&'a str>,
    /// Where clients register themselves, if they may.
    pub(crate) registration_endpoint: Option<String>,
    /// Where clients that have a certificate go (RFC 8705 §5).
    pub(crate) mtls: Option<&'a Origin>,
}

/// The endpoints that are called by clients themselves, and not by browsers.
const BACK_CHANNEL: [(&str, &str); 5] = [
    ("token_endpoint", "token"),
    ("pushed_authorization_request_endpoint", "par"),
    ("introspection_endpoint", "introspect"),
    ("revocation_endpoint", "revoke"),
    ("userinfo_endpoint", "userinfo"),
];

pub(crate) fn metadata(facts: &Facts<'_>) -> Value {
    let uri = facts.uri;
    let assertions: Vec<_> = AlgorithmSet::ALL.names().collect();
    let proofs: Vec<_> = facts.proof_algorithms.names().collect();
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| {
        // RFC 8414 §3.2: members without elements are left out.
        if value.as_array().is_none_or(|values| !values.is_empty()) {
            members.insert(name.to_owned(), value);
        }
    };
    set("issuer", json!(uri.as_str()));
    set("authorization_endpoint", json!(uri.endpoint("authorize")));
    for (member, name) in BACK_CHANNEL {
        set(member, json!(uri.endpoint(name)));
    }
    if let Some(endpoint) = &facts.registration_endpoint {
        set("registration_endpoint", json!(endpoint));
    }
    set("jwks_uri", json!(uri.endpoint("jwks")));
    set("scopes_supported", json!(facts.scopes));
    set("response_types_supported", json!(["code"]));
    set(
        "response_modes_supported",
        json!(["query", "jwt", "query.jwt"]),
    );
    set("grant_types_supported", json!(facts.grant_types));
    set("subject_types_supported", json!(["public"]));
    for (endpoint, methods) in [
        ("token_endpoint", &*facts.auth_methods),
        // Resource servers have keys.
        ("introspection_endpoint", &["private_key_jwt"]),
        ("revocation_endpoint", &*facts.auth_methods),
    ] {
        set(
            &format!("{endpoint}_auth_methods_supported"),
            json!(methods),
        );
        set(
            &format!("{endpoint}_auth_signing_alg_values_supported"),
            json!(assertions),
        );
    }
    for answer in ["id_token", "authorization", "introspection"] {
        set(
            &format!("{answer}_encryption_alg_values_supported"),
            json!(EncryptionAlgorithm::supported()),
        );
        set(
            &format!("{answer}_encryption_enc_values_supported"),
            json!(ContentEncryption::supported()),
        );
    }
    set("code_challenge_methods_supported", json!(["S256"]));
    set("require_pushed_authorization_requests", json!(true));
    set(
        "authorization_response_iss_parameter_supported",
        json!(true),
    );
    set("request_parameter_supported", json!(true));
    set("request_uri_parameter_supported", json!(false));
    set(
        "request_object_signing_alg_values_supported",
        json!(assertions),
    );
    set("dpop_signing_alg_values_supported", json!(proofs));
    set("claims_parameter_supported", json!(true));
    set("claims_supported", json!(facts.claims));
    set("acr_values_supported", json!(facts.acr_values));
    set(
        "authorization_details_types_supported",
        json!(facts.detail_types),
    );
    set(
        "prompt_values_supported",
        json!(["none", "login", "consent", "select_account"]),
    );
    set("protected_resources", json!(facts.protected_resources));
    if let Some(origin) = facts.mtls {
        set("tls_client_certificate_bound_access_tokens", json!(true));
        let aliases = BACK_CHANNEL.map(|(member, name)| {
            let alias = format!("{origin}{}", uri.endpoint_path(name));
            (member.to_owned(), Value::from(alias))
        });
        set("mtls_endpoint_aliases", Map::from_iter(aliases).into());
    }
    Value::Object(members)
}
