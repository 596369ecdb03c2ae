//! Clients: what is registered of them, and how they authenticate.

mod authentication;
mod registry;

use fapi_core::config::JwkSetDocument;
use serde::{Deserialize, Serialize};

pub(crate) use authentication::{Authenticated, authenticate, record};
pub(crate) use registry::{Clients, RegisteredClient};

/// A registered client. It authenticates with `private_key_jwt` (RFC 7523) and gets tokens by `client_credentials`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct Client {
    /// The client identifier: printable ASCII (RFC 6749 appendix A.1).
    pub client_id: String,
    /// The public keys that verify its assertions (RFC 7517 §5).
    pub jwks: JwkSetDocument,
    /// The scope values that it may ask for, separated by spaces; it gets them all if it asks for none. Default: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The resources (RFC 8707) that it may ask tokens for; the first one is the `aud` if it names none. Default: the
    /// issuer's `default_audience` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// What its access tokens look like. Default: `jwt`.
    #[serde(default)]
    pub access_token_format: AccessTokenFormat,
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A signed JWT (RFC 9068), which a resource server can verify by itself.
    #[default]
    Jwt,
    /// `rt_` and 43 random characters. A resource server has to ask what it is good for (RFC 7662).
    Opaque,
}

impl Client {
    /// A client with these public keys, given as the JSON text of a JWK set. Wrong text is found when the issuer is built.
    #[must_use]
    pub fn new(client_id: impl Into<String>, jwks: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            jwks: JwkSetDocument::from_text(jwks),
            scope: String::new(),
            audiences: Vec::new(),
            access_token_format: AccessTokenFormat::default(),
        }
    }

    /// The scope values that it may ask for, separated by spaces.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Adds a resource that it may ask tokens for.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// What its access tokens look like.
    #[must_use]
    pub fn access_token_format(mut self, format: AccessTokenFormat) -> Self {
        self.access_token_format = format;
        self
    }
}
