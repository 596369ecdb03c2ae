//! Authorization servers whose tokens are accepted.

use serde::{Deserialize, Serialize};

use super::{IntrospectionConfig, JwkSetDocument};

/// One authorization server. Its keys come from discovery (RFC 8414, OpenID Connect Discovery), unless `jwks_uri` or
/// `jwks` is given.
///
/// ```
/// use fapi_core::config::{IssuerConfig, JwkSetDocument};
///
/// let issuer = IssuerConfig::new("https://as.example.com").jwks_uri("https://as.example.com/jwks");
/// assert_eq!(issuer.jwks_uri.as_deref(), Some("https://as.example.com/jwks"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct IssuerConfig {
    /// The issuer identifier, compared exactly with the token's `iss` (RFC 9068 §4): an https URI without query and
    /// fragment (RFC 8414 §2).
    pub issuer: String,
    /// Where the key set is fetched (RFC 8414 §2 `jwks_uri`), instead of discovery. Not beside `jwks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The key set itself (RFC 7517 §5), instead of discovery. Not beside `jwks_uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwkSetDocument>,
    /// Which tokens this issuer gives out. Default: `jwt`. At most one issuer takes `opaque` or `any`.
    #[serde(default)]
    pub token_format: TokenFormat,
    /// Whether a JWT that is good in itself is also asked about. Default: `none`.
    #[serde(default)]
    pub revocation: Revocation,
    /// The introspection endpoint (RFC 7662). Needed for `opaque` and `any` tokens and for `revocation: introspect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection: Option<IntrospectionConfig>,
}

/// The shape of an issuer's access tokens. A JWT is what has three base64url parts and a JSON header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenFormat {
    /// Only JWT access tokens (RFC 9068).
    #[default]
    Jwt,
    /// Only tokens without meaning to us, which are introspected (RFC 7662).
    Opaque,
    /// Both kinds.
    Any,
}

/// Whether JWTs are introspected too, to learn of revocation before they expire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// A JWT counts until it expires.
    #[default]
    None,
    /// Each JWT is introspected as well; a token that is not active is refused.
    Introspect,
}

impl IssuerConfig {
    /// An issuer of JWTs whose keys are found by discovery.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            jwks_uri: None,
            jwks: None,
            token_format: TokenFormat::default(),
            revocation: Revocation::default(),
            introspection: None,
        }
    }

    /// Fetches the key set from here instead of discovering it.
    #[must_use]
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.jwks_uri = Some(uri.into());
        self
    }

    /// Uses this key set, given as JSON text. Wrong text is found by [`Config::validate`](super::Config::validate).
    #[must_use]
    pub fn jwks(mut self, json: impl Into<String>) -> Self {
        self.jwks = Some(JwkSetDocument::from_text(json));
        self
    }

    /// Which tokens this issuer gives out.
    #[must_use]
    pub fn token_format(mut self, format: TokenFormat) -> Self {
        self.token_format = format;
        self
    }

    /// Whether JWTs are introspected too.
    #[must_use]
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = revocation;
        self
    }

    /// The introspection endpoint and how to use it.
    #[must_use]
    pub fn introspection(mut self, introspection: IntrospectionConfig) -> Self {
        self.introspection = Some(introspection);
        self
    }

    /// Whether tokens that are not JWTs may come from this issuer.
    #[must_use]
    pub const fn takes_opaque_tokens(&self) -> bool {
        matches!(self.token_format, TokenFormat::Opaque | TokenFormat::Any)
    }
}

impl From<&str> for IssuerConfig {
    fn from(issuer: &str) -> Self {
        Self::new(issuer)
    }
}

impl From<String> for IssuerConfig {
    fn from(issuer: String) -> Self {
        Self::new(issuer)
    }
}
