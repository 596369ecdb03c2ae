//! Token introspection (RFC 7662, signed answers RFC 9701).

use serde::{Deserialize, Serialize};

use super::{AlgorithmName, PrivateKey};

/// An issuer's introspection endpoint and how it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// The endpoint, an https URI (RFC 7662 §2).
    pub endpoint: String,
    /// The client identifier that the authorization server knows this resource server by.
    pub client_id: String,
    /// How we authenticate to the endpoint: exactly one method.
    pub client_auth: ClientAuth,
    /// Whether the answer must be signed (RFC 9701 §5). Default: true. With false an unsigned JSON answer is accepted
    /// and TLS alone vouches for it.
    #[serde(default = "signed_response")]
    pub signed_response: bool,
    /// How long an answer may be used again, in seconds, at most 3600. Default: 0, each request asks. A revoked token
    /// is accepted for as long.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 3600)))]
    pub cache_seconds: u32,
    /// How many questions may be under way at once, 1 to 65536. Default: 64. Beyond it requests get 503.
    #[serde(default = "max_in_flight")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 65_536)))]
    pub max_in_flight: u32,
    /// What this issuer's opaque tokens look like. What cannot be one is refused without asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque_token: Option<OpaqueToken>,
}

/// How we authenticate to the introspection endpoint (FAPI 2.0 Security Profile §5.3.2.1 allows these).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// A signed assertion (OpenID Connect Core §9, RFC 7523 §2.2).
    PrivateKeyJwt(PrivateKeyJwt),
    /// The client certificate of the TLS connection (RFC 8705 §2). The host's HTTP client presents it.
    TlsClientAuth(TlsClientAuth),
}

/// The key that signs client assertions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct PrivateKeyJwt {
    /// The private key as a JWK (RFC 7517), or where to find it.
    pub key: PrivateKey,
    /// The algorithm to sign with. Default: the key's `alg`, else the one that fits its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<AlgorithmName>,
    /// The `kid` to write into the assertion's header. Default: the key's `kid`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

/// `tls_client_auth` has no settings here: the certificate belongs to the host's HTTP client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct TlsClientAuth {}

/// The outer shape of an issuer's opaque tokens. At least one of the two is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct OpaqueToken {
    /// How each token begins, such as `rt_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How long each token is, prefix included, in bytes: 1 to 16384.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 16_384)))]
    pub length: Option<u32>,
}

impl IntrospectionConfig {
    /// An endpoint that is asked for signed answers, without a cache.
    #[must_use]
    pub fn new(
        endpoint: impl Into<String>,
        client_id: impl Into<String>,
        client_auth: ClientAuth,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            client_id: client_id.into(),
            client_auth,
            signed_response: signed_response(),
            cache_seconds: 0,
            max_in_flight: max_in_flight(),
            opaque_token: None,
        }
    }
}

impl PrivateKeyJwt {
    /// Signs with this key, under the algorithm and `kid` that the key itself names.
    #[must_use]
    pub fn new(key: impl Into<PrivateKey>) -> Self {
        Self {
            key: key.into(),
            alg: None,
            kid: None,
        }
    }
}

impl From<PrivateKeyJwt> for ClientAuth {
    fn from(private_key_jwt: PrivateKeyJwt) -> Self {
        Self::PrivateKeyJwt(private_key_jwt)
    }
}

const fn signed_response() -> bool {
    true
}

const fn max_in_flight() -> u32 {
    64
}
