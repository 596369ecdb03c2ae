//! Authorization server metadata (RFC 8414 §2): only what is true of this server, under registered names.

use fapi_core::jose::AlgorithmSet;
use serde::Serialize;
use serde_json::Value;

use crate::scope::Scope;
use crate::uri::IssuerUri;

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<&'a str>,
    /// Without an authorization endpoint there is none. RFC 8414 §2 requires the member and §3.2 leaves out members without
    /// elements; the requirement is about this very member, and readers that insist on it exist, so it stands here empty.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    dpop_signing_alg_values_supported: Vec<&'static str>,
}

/// The member that says what introspection answers are signed with (RFC 9701 §7). It changes with the keys.
pub(crate) const INTROSPECTION_SIGNING: &str = "introspection_signing_alg_values_supported";

/// How everybody authenticates, at each endpoint.
const AUTH_METHODS: [&str; 1] = ["private_key_jwt"];

pub(crate) fn metadata(
    uri: &IssuerUri,
    scopes: &Scope,
    proof_algorithms: AlgorithmSet,
) -> Result<Value, serde_json::Error> {
    let assertions = || AlgorithmSet::ALL.names().collect();
    serde_json::to_value(Metadata {
        issuer: uri.as_str(),
        token_endpoint: uri.endpoint("token"),
        jwks_uri: uri.endpoint("jwks"),
        scopes_supported: scopes.values().collect(),
        response_types_supported: [],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: AUTH_METHODS,
        token_endpoint_auth_signing_alg_values_supported: assertions(),
        introspection_endpoint: uri.endpoint("introspect"),
        introspection_endpoint_auth_methods_supported: AUTH_METHODS,
        introspection_endpoint_auth_signing_alg_values_supported: assertions(),
        revocation_endpoint: uri.endpoint("revoke"),
        revocation_endpoint_auth_methods_supported: AUTH_METHODS,
        revocation_endpoint_auth_signing_alg_values_supported: assertions(),
        dpop_signing_alg_values_supported: proof_algorithms.names().collect(),
    })
}
