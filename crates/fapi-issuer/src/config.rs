//! The configuration document.

use std::net::SocketAddr;

use fapi_core::config::{AlgorithmName, ConfigError, DpopConfig, PrivateKey, read_document};
use fapi_core::jose::Algorithm;
use serde::{Deserialize, Serialize};

use crate::certificate::{MtlsConfig, TlsConfig};
use crate::interaction::User;
use crate::limit::RateLimitsConfig;
use crate::storage::StorageConfig;
use crate::{Client, RegistrationConfig, ResourceServer};

/// The whole configuration of an issuer. Names here, in the document and in [`IssuerBuilder`](crate::IssuerBuilder) are
/// the same.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use fapi_issuer::{Config, Issuer};
///
/// let config = Config::from_json(
///     r#"{ "issuer": "https://as.example.com", "access_token_lifetime_seconds": 60 }"#,
/// )?;
/// let issuer = Issuer::from_config(config).await?;
/// # Ok::<(), fapi_issuer::ConfigError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct Config {
    /// The issuer identifier (RFC 8414 §2), the public address of this server: https, a host in lower case, perhaps a
    /// port and a path of letters, digits and `-._~`. The token endpoint is `token` below it.
    pub issuer: String,
    /// Where the server listens. Default: `127.0.0.1:8080`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The certificate that the program serves with. Default: none, it speaks plain HTTP, behind a proxy that ends TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// Clients that have certificates: where they go, and what their certificates are worth. Default: none have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtls: Option<MtlsConfig>,
    /// Private keys as JWKs, `{"env": "NAME"}` or `{"file": "PATH"}`. The first one signs, all are published, so that
    /// keys can be exchanged one after another. Default: keys that the issuer makes, see `signing_algs`; with
    /// `storage` in memory a restart forgets them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<PrivateKey>,
    /// What keys are made for, where `signing_keys` is empty: one for each algorithm. What needs no other is signed with the
    /// first. In a database they are kept, private halves in plain text: who must not have them must not read the
    /// database or its copies. `signing_keys` from files or variables keeps them out of it. Default: `ES256` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_algs: Vec<AlgorithmName>,
    /// How old a key of the database gets, in days, before another one takes its place; 0: any age. Default: 90.
    #[serde(default = "key_rotation_days")]
    pub key_rotation_days: u32,
    /// Who may log in at the built-in pages. Default: nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// The registered clients. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Client>,
    /// Who may register clients over the net (RFC 7591). Default: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationConfig>,
    /// The resource servers that may ask about tokens (RFC 7662). Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_servers: Vec<ResourceServer>,
    /// The `aud` of tokens for clients that have no `audiences` of their own. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// How long access tokens are valid, in seconds, 1 to 86400. Default: 300.
    #[serde(default = "access_token_lifetime_seconds")]
    pub access_token_lifetime_seconds: u32,
    /// Where everything is kept that outlives a request. Default: `"memory"`, which a restart forgets.
    #[serde(default)]
    pub storage: StorageConfig,
    /// How many things of each kind are kept in memory until they expire: opaque access tokens, revoked JWTs, pushed requests,
    /// codes and so on; 1 to 10000000. One client gets a quarter of each. A database is bounded by its disk. Default: 200000.
    #[serde(default = "token_capacity")]
    pub token_capacity: u32,
    /// The types of authorization details that there are (RFC 9396). Of a type named here the members that RFC 9396 §2.2
    /// defines are checked; an application that embeds the server can check more. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// Web origins whose scripts may call the endpoints that are no pages, such as `https://app.example.com` (Fetch Standard
    /// §3.2). They may read `DPoP-Nonce` and `WWW-Authenticate` (RFC 9449 §8). Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cors_origins: Vec<String>,
    /// How long a client has to send the user here with a request that it has pushed, in seconds, 5 to 599 (FAPI 2.0
    /// Security Profile §5.3.2.2). Default: 90.
    #[serde(default = "pushed_request_lifetime_seconds")]
    pub pushed_request_lifetime_seconds: u32,
    /// How long the user then has to log in and consent, in seconds, 60 to 3600. Default: 600.
    #[serde(default = "interaction_lifetime_seconds")]
    pub interaction_lifetime_seconds: u32,
    /// How long an authorization code is good, in seconds, 1 to 60 (FAPI 2.0 Security Profile §5.3.2.1). Default: 60.
    #[serde(default = "code_lifetime_seconds")]
    pub code_lifetime_seconds: u32,
    /// How long a refresh token is good, in seconds, 60 to 31536000. Default: 2592000, which is 30 days.
    #[serde(default = "refresh_token_lifetime_seconds")]
    pub refresh_token_lifetime_seconds: u32,
    /// For how long a user need not log in again in the same browser, in seconds, 60 to 86400. Default: 3600.
    #[serde(default = "session_lifetime_seconds")]
    pub session_lifetime_seconds: u32,
    /// How DPoP proofs are checked, and how much is remembered of used proofs and client assertions, which hold
    /// `replay.capacity` each if they are kept in memory. `future_seconds` and `replay.after_restart` count for assertions
    /// too, the latter also for introspected JWTs; FAPI 2.0 Security Profile §5.3.2.1 wants `future_seconds` to be at least
    /// 10. Not `required: false`, and no `replay.store`: what was used is kept in `storage`.
    #[serde(default)]
    pub dpop: DpopConfig,
    /// How many requests somebody may send in a second. Default: any number.
    #[serde(default)]
    pub rate_limits: RateLimitsConfig,
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

    /// The algorithms of the keys that the issuer makes: `signing_algs`, or its default.
    #[must_use]
    pub fn made_key_algorithms(&self) -> Vec<Algorithm> {
        match &*self.signing_algs {
            [] => vec![Algorithm::Es256],
            names => names.iter().map(|name| name.algorithm()).collect(),
        }
    }

    pub(crate) fn with_defaults(issuer: String) -> Self {
        Self {
            issuer,
            listen: None,
            tls: None,
            mtls: None,
            signing_keys: Vec::new(),
            signing_algs: Vec::new(),
            key_rotation_days: key_rotation_days(),
            users: Vec::new(),
            clients: Vec::new(),
            registration: None,
            resource_servers: Vec::new(),
            default_audience: None,
            access_token_lifetime_seconds: access_token_lifetime_seconds(),
            storage: StorageConfig::default(),
            token_capacity: token_capacity(),
            authorization_details_types: Vec::new(),
            cors_origins: Vec::new(),
            pushed_request_lifetime_seconds: pushed_request_lifetime_seconds(),
            interaction_lifetime_seconds: interaction_lifetime_seconds(),
            code_lifetime_seconds: code_lifetime_seconds(),
            refresh_token_lifetime_seconds: refresh_token_lifetime_seconds(),
            session_lifetime_seconds: session_lifetime_seconds(),
            dpop: DpopConfig::default(),
            rate_limits: RateLimitsConfig::default(),
            allow_http_loopback: false,
        }
    }
}

const fn access_token_lifetime_seconds() -> u32 {
    300
}

const fn key_rotation_days() -> u32 {
    90
}

const fn token_capacity() -> u32 {
    200_000
}

const fn pushed_request_lifetime_seconds() -> u32 {
    90
}

const fn interaction_lifetime_seconds() -> u32 {
    600
}

const fn code_lifetime_seconds() -> u32 {
    60
}

const fn refresh_token_lifetime_seconds() -> u32 {
    2_592_000
}

const fn session_lifetime_seconds() -> u32 {
    3600
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Issuer;

    #[tokio::test]
    async fn the_document_of_the_readme_is_right() {
        let readme = include_str!("../README.md");
        let document = readme.split("```json").nth(1).unwrap();
        let document = document.split("```").next().unwrap();
        let mut config = Config::from_json(document).unwrap();
        assert_eq!((config.clients.len(), config.users.len()), (2, 1));
        assert_eq!(config.resource_servers.len(), 1);
        config.storage = StorageConfig::Memory;
        Issuer::from_config(config).await.unwrap();
    }

    #[test]
    fn the_builder_and_the_document_say_the_same() {
        let read = Config::from_json(r#"{ "issuer": "https://as.example.com" }"#).unwrap();
        assert_eq!(
            read,
            Config::with_defaults("https://as.example.com".to_owned())
        );
        let again = Config::from_json(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(read, again);
    }
}
