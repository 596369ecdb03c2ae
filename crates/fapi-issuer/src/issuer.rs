//! The issuer itself.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use fapi_core::UnixTime;
use fapi_core::config::{AfterRestart, ConfigError};
use fapi_core::jose::AssertionRules;
use serde_json::Value;

use crate::builder::IssuerBuilder;
use crate::client::Clients;
use crate::clock::Clock;
use crate::config::Config;
use crate::grant::Grant;
use crate::keys::SigningKeys;
use crate::mint::{AccessToken, MintError, mint};
use crate::replay::ReplayMemory;
use crate::sender::SenderCheck;
use crate::uri::IssuerUri;

/// A FAPI 2.0 authorization server. Clones share keys, clients and the memory of what was used.
///
/// See the [crate's documentation](crate) for an example.
#[derive(Clone)]
pub struct Issuer {
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) uri: IssuerUri,
    pub(crate) keys: SigningKeys,
    pub(crate) clients: Clients,
    pub(crate) sender: SenderCheck,
    pub(crate) proofs: ReplayMemory,
    pub(crate) assertions: ReplayMemory,
    pub(crate) after_restart: AfterRestart,
    pub(crate) future_seconds: u32,
    pub(crate) access_token_lifetime_seconds: u32,
    pub(crate) metadata: Value,
    pub(crate) clock: Box<Clock>,
}

/// How far ahead the `exp` of a client assertion may lie, in seconds. They serve one request; their `jti` is remembered
/// for as long.
pub(crate) const ASSERTION_LIFETIME_SECONDS: u32 = 600;

impl Issuer {
    /// Starts an issuer with this identifier, with every default of the configuration document.
    pub fn builder(issuer: impl Into<String>) -> IssuerBuilder {
        IssuerBuilder::new(Config::with_defaults(issuer.into()))
    }

    /// An issuer for this configuration. Reads the files and environment variables that it names.
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path of its field.
    pub fn from_config(config: Config) -> Result<Self, ConfigError> {
        IssuerBuilder::new(config).build()
    }

    /// Makes an access token (RFC 9068), without asking whether the grant is right.
    ///
    /// # Errors
    ///
    /// [`MintError`]: the grant has a further claim that the issuer writes itself, or signing failed.
    pub fn mint(&self, grant: &Grant) -> Result<AccessToken, MintError> {
        self.mint_at(grant, self.now())
    }

    /// The public keys as a JWK set (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.parts.keys.jwks()
    }

    /// The authorization server metadata (RFC 8414 §2).
    #[must_use]
    pub fn metadata(&self) -> Value {
        self.parts.metadata.clone()
    }

    /// The endpoints, at the paths that they have below the public address: metadata, key set, token endpoint.
    ///
    /// It reads bodies of at most 64 KiB, and sets no time limit: the server around it does.
    pub fn router(&self) -> Router {
        crate::router::router(self)
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.parts.clock)()
    }

    pub(crate) fn mint_at(&self, grant: &Grant, now: UnixTime) -> Result<AccessToken, MintError> {
        let parts = &*self.parts;
        let lifetime = parts.access_token_lifetime_seconds;
        mint(&parts.keys, parts.uri.as_str(), lifetime, grant, now)
    }

    pub(crate) fn assertion_rules(&self) -> AssertionRules<'_> {
        AssertionRules {
            audience: self.parts.uri.as_str(),
            max_lifetime_seconds: ASSERTION_LIFETIME_SECONDS,
            future_seconds: self.parts.future_seconds,
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("uri", &self.parts.uri)
            .field("keys", &self.parts.keys)
            .finish_non_exhaustive()
    }
}
