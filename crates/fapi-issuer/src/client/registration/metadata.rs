//! Client metadata as they come from a client (RFC 7591 §2), and as they go back to it.

use fapi_core::config::{ConfigError, read_document};
use serde_json::{Map, Value, json};

use super::Registration;
use crate::client::{Client, GrantType};
use crate::scope::Scope;

/// Why metadata cannot be registered (RFC 7591 §3.2.2). The texts go to whoever has sent them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetadataProblem {
    /// A redirect URI.
    RedirectUri(String),
    /// Any other member.
    Member(String),
}

/// The members that a client may say of itself. All others are ignored (RFC 7591 §2).
const REGISTRABLE: [&str; 30] = [
    "client_name",
    "client_uri",
    "policy_uri",
    "tos_uri",
    "jwks",
    "jwks_uri",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "redirect_uris",
    "grant_types",
    "scope",
    "audiences",
    "authorization_details_types",
    "access_token_format",
    "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens",
    "require_signed_request_object",
    "request_object_signing_alg",
    "response_modes",
    "id_token_signed_response_alg",
    "authorization_signed_response_alg",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
];

impl Registration {
    /// The client `client_id` of which this was sent. Its keys and addresses have not been looked at.
    pub(crate) fn read(
        &self,
        mut sent: Map<String, Value>,
        client_id: &str,
    ) -> Result<Client, MetadataProblem> {
        let wrong = |text: &str| Err(MetadataProblem::Member(text.to_owned()));
        // FAPI 2.0 Security Profile §5.3.2.2.
        let response_types = sent.remove("response_types").unwrap_or(Value::Null);
        if !response_types.is_null() && response_types != json!(["code"]) {
            return wrong("response_types: must be code alone");
        }
        // RFC 7592 §2.2: null is as good as nothing.
        sent.retain(|name, value| REGISTRABLE.contains(&name.as_str()) && !value.is_null());
        sent.insert("client_id".to_owned(), client_id.into());
        let mut client: Client = read_document(&Value::from(sent).to_string())?;
        if client.grant_types.is_empty() {
            // RFC 7591 §2.
            client.grant_types.push(GrantType::AuthorizationCode);
        }
        let allowed = |grant_type| self.grant_types.contains(grant_type);
        if !client.grant_types.iter().all(allowed) {
            return wrong("grant_types: names one that may not be registered here");
        }
        if client.scope.is_empty() {
            client.scope = self.scope.to_string();
        }
        let scope = Scope::parse(&client.scope).ok();
        if !scope.is_some_and(|scope| self.scope.contains_all(&scope)) {
            return wrong("scope: malformed, or with a value that may not be registered here");
        }
        if client.audiences.is_empty() {
            client.audiences.clone_from(&self.audiences);
        }
        let allowed = |audience| self.audiences.contains(audience);
        if !client.audiences.iter().all(allowed) {
            return wrong("audiences: names one that may not be registered here");
        }
        Ok(client)
    }
}

/// What is registered of a client (RFC 7591 §3.2.1).
pub(crate) fn describe(client: &Client) -> Result<Map<String, Value>, serde_json::Error> {
    let mut members = match serde_json::to_value(client)? {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert("response_types".to_owned(), json!(["code"]));
    Ok(members)
}

impl From<ConfigError> for MetadataProblem {
    fn from(error: ConfigError) -> Self {
        let path = error.path();
        let path = path.strip_prefix("client.").unwrap_or(path);
        let text = match path {
            "" => error.problem().to_owned(),
            path => format!("{path}: {}", error.problem()),
        };
        if path.starts_with("redirect_uris") {
            Self::RedirectUri(text)
        } else {
            Self::Member(text)
        }
    }
}
