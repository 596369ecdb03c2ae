//! The configuration document.

use std::net::SocketAddr;

use fapi_core::config::{ConfigError, DpopConfig, PrivateKey, read_document};
use serde::{Deserialize, Serialize};

use crate::Client;

/// The whole configuration of an issuer. Names here, in the document and in [`IssuerBuilder`](crate::IssuerBuilder) are
/// the same.
///
/// ```
/// use fapi_issuer::{Config, Issuer};
///
/// let config = Config::from_json(
///     r#"{ "issuer": "https://as.example.com", "access_token_lifetime_seconds": 60 }"#,
/// )?;
/// let issuer = Issuer::from_config(config)?;
/// # Ok::<(), fapi_issuer::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct Config {
    /// The issuer identifier (RFC 8414 §2), the public address of this server: https, a host in lower case, perhaps a
    /// port and a path of letters, digits and `-._~`. The token endpoint is `token` below it.
    pub issuer: String,
    /// Where the program `fapi-issuer` listens. The library does not use it. Default: `127.0.0.1:8080`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Private keys as JWKs, `{"env": "NAME"}` or `{"file": "PATH"}`. The first one signs, all are published, so that
    /// keys can be exchanged one after another. Default: a new ES256 key, which a restart forgets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<PrivateKey>,
    /// The registered clients. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Client>,
    /// The `aud` of tokens for clients that have no `audiences` of their own. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// How long access tokens are valid, in seconds, 1 to 86400. Default: 300.
    #[serde(default = "access_token_lifetime_seconds")]
    pub access_token_lifetime_seconds: u32,
    /// How DPoP proofs are checked, and the memory of used proofs and client assertions. Not `required: false`, and no
    /// store but `memory`.
    #[serde(default)]
    pub dpop: DpopConfig,
    /// True: the issuer identifier may be http on a loopback address. For development and tests. Default: false.
    #[serde(default)]
    pub allow_http_loopback: bool,
}

impl Config {
    /// Reads a document. What the types cannot say is checked by [`Issuer::from_config`](crate::Issuer::from_config).
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path of its field.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        read_document(json)
    }

    pub(crate) fn with_defaults(issuer: String) -> Self {
        Self {
            issuer,
            listen: None,
            signing_keys: Vec::new(),
            clients: Vec::new(),
            default_audience: None,
            access_token_lifetime_seconds: access_token_lifetime_seconds(),
            dpop: DpopConfig::default(),
            allow_http_loopback: false,
        }
    }
}

const fn access_token_lifetime_seconds() -> u32 {
    300
}
