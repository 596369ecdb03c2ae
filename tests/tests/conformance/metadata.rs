//! The members of authorization server metadata that there are, and their types.

use serde_json::Value;

/// The JSON type of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Texts,
    Flag,
    Object,
}

impl Kind {
    pub(crate) fn is_of(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value
                .as_array()
                .is_some_and(|values| values.iter().all(Value::is_string)),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
        }
    }
}

/// The registry "OAuth Authorization Server Metadata", and what OpenID Connect and its extensions add.
pub(crate) const KNOWN: &[(&str, Kind)] = &[
    // RFC 8414.
    ("issuer", Kind::Text),
    ("authorization_endpoint", Kind::Text),
    ("token_endpoint", Kind::Text),
    ("jwks_uri", Kind::Text),
    ("registration_endpoint", Kind::Text),
    ("scopes_supported", Kind::Texts),
    ("response_types_supported", Kind::Texts),
    ("response_modes_supported", Kind::Texts),
    ("grant_types_supported", Kind::Texts),
    ("token_endpoint_auth_methods_supported", Kind::Texts),
    (
        "token_endpoint_auth_signing_alg_values_supported",
        Kind::Texts,
    ),
    ("service_documentation", Kind::Text),
    ("ui_locales_supported", Kind::Texts),
    ("op_policy_uri", Kind::Text),
    ("op_tos_uri", Kind::Text),
    ("revocation_endpoint", Kind::Text),
    ("revocation_endpoint_auth_methods_supported", Kind::Texts),
    (
        "revocation_endpoint_auth_signing_alg_values_supported",
        Kind::Texts,
    ),
    ("introspection_endpoint", Kind::Text),
    ("introspection_endpoint_auth_methods_supported", Kind::Texts),
    (
        "introspection_endpoint_auth_signing_alg_values_supported",
        Kind::Texts,
    ),
    ("code_challenge_methods_supported", Kind::Texts),
    ("signed_metadata", Kind::Text),
    // OpenID Connect Discovery §3, and OpenID Connect logout.
    ("userinfo_endpoint", Kind::Text),
    ("acr_values_supported", Kind::Texts),
    ("subject_types_supported", Kind::Texts),
    ("id_token_signing_alg_values_supported", Kind::Texts),
    ("id_token_encryption_alg_values_supported", Kind::Texts),
    ("id_token_encryption_enc_values_supported", Kind::Texts),
    ("userinfo_signing_alg_values_supported", Kind::Texts),
    ("userinfo_encryption_alg_values_supported", Kind::Texts),
    ("userinfo_encryption_enc_values_supported", Kind::Texts),
    ("request_object_signing_alg_values_supported", Kind::Texts),
    (
        "request_object_encryption_alg_values_supported",
        Kind::Texts,
    ),
    (
        "request_object_encryption_enc_values_supported",
        Kind::Texts,
    ),
    ("display_values_supported", Kind::Texts),
    ("claim_types_supported", Kind::Texts),
    ("claims_supported", Kind::Texts),
    ("claims_locales_supported", Kind::Texts),
    ("claims_parameter_supported", Kind::Flag),
    ("request_parameter_supported", Kind::Flag),
    ("request_uri_parameter_supported", Kind::Flag),
    ("require_request_uri_registration", Kind::Flag),
    ("check_session_iframe", Kind::Text),
    ("end_session_endpoint", Kind::Text),
    ("frontchannel_logout_supported", Kind::Flag),
    ("frontchannel_logout_session_supported", Kind::Flag),
    ("backchannel_logout_supported", Kind::Flag),
    ("backchannel_logout_session_supported", Kind::Flag),
    ("prompt_values_supported", Kind::Texts),
    // RFC 8705, RFC 9101, RFC 9126, RFC 9207, RFC 9396, RFC 9449, RFC 9701, RFC 9728.
    ("tls_client_certificate_bound_access_tokens", Kind::Flag),
    ("mtls_endpoint_aliases", Kind::Object),
    ("require_signed_request_object", Kind::Flag),
    ("pushed_authorization_request_endpoint", Kind::Text),
    ("require_pushed_authorization_requests", Kind::Flag),
    ("authorization_response_iss_parameter_supported", Kind::Flag),
    ("authorization_details_types_supported", Kind::Texts),
    ("dpop_signing_alg_values_supported", Kind::Texts),
    ("introspection_signing_alg_values_supported", Kind::Texts),
    ("introspection_encryption_alg_values_supported", Kind::Texts),
    ("introspection_encryption_enc_values_supported", Kind::Texts),
    ("protected_resources", Kind::Texts),
    // JARM §4.
    ("authorization_signing_alg_values_supported", Kind::Texts),
    ("authorization_encryption_alg_values_supported", Kind::Texts),
    ("authorization_encryption_enc_values_supported", Kind::Texts),
];
