//! How an issuer is put together.

use std::fmt;

use fapi_core::UnixTime;
use fapi_core::config::{ConfigError, DpopConfig, ReplayStoreKind};
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;

use crate::client::{Client, Clients};
use crate::clock::{Clock, system_time};
use crate::config::Config;
use crate::issuer::{ASSERTION_LIFETIME_SECONDS, Issuer, Parts};
use crate::keys::SigningKeys;
use crate::metadata::metadata;
use crate::replay::ReplayMemory;
use crate::resource_server::{ResourceServer, ResourceServers};
use crate::secret;
use crate::sender::SenderCheck;
use crate::storage::{MemoryReferenceTokens, MemoryRevokedTokens};
use crate::uri::{Http, IssuerUri};

/// Makes an [`Issuer`]; the methods are named as the members of [`Config`]. What is not called keeps its default.
#[must_use = "a builder does nothing until `build` is called"]
pub struct IssuerBuilder {
    config: Config,
    keys: Vec<SigningKey>,
    clock: Option<Box<Clock>>,
}

impl IssuerBuilder {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            keys: Vec::new(),
            clock: None,
        }
    }

    /// Adds a signing key. The first one signs, all are published.
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Registers a client.
    pub fn client(mut self, client: Client) -> Self {
        self.config.clients.push(client);
        self
    }

    /// Registers a resource server, which may ask about tokens.
    pub fn resource_server(mut self, server: ResourceServer) -> Self {
        self.config.resource_servers.push(server);
        self
    }

    /// The `aud` of tokens for clients that have no audiences of their own.
    pub fn default_audience(mut self, audience: impl Into<String>) -> Self {
        self.config.default_audience = Some(audience.into());
        self
    }

    /// How long access tokens are valid, in seconds, 1 to 86400.
    pub fn access_token_lifetime_seconds(mut self, seconds: u32) -> Self {
        self.config.access_token_lifetime_seconds = seconds;
        self
    }

    /// How many opaque access tokens are kept, and how many revoked JWTs are remembered, 1 to 10000000.
    pub fn token_capacity(mut self, tokens: u32) -> Self {
        self.config.token_capacity = tokens;
        self
    }

    /// How DPoP proofs are checked, and the memory of used proofs and client assertions.
    pub fn dpop(mut self, dpop: DpopConfig) -> Self {
        self.config.dpop = dpop;
        self
    }

    /// Lets the issuer identifier be http on a loopback address (`allow_http_loopback: true`). For development and
    /// tests: nothing on the way is encrypted.
    pub fn dangerous_allow_http_loopback(mut self) -> Self {
        self.config.allow_http_loopback = true;
        self
    }

    /// Tells the issuer the time. For tests that must not wait; the default is the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Builds the issuer. It starts no task and opens no connection.
    ///
    /// # Errors
    ///
    /// The first mistake found, with the path that its field has in the document.
    pub fn build(self) -> Result<Issuer, ConfigError> {
        let config = &self.config;
        check(config)?;
        let http = if config.allow_http_loopback {
            Http::OnLoopback
        } else {
            Http::Nowhere
        };
        let uri = IssuerUri::parse(&config.issuer, http)?;
        let clients = Clients::new(&config.clients, config.default_audience.as_deref())?;
        let is_client = |client_id: &str| clients.get(client_id).is_some();
        let resource_servers = ResourceServers::new(&config.resource_servers, is_client)?;
        let nonces = secret::nonce_keys(&config.dpop.nonce)?;
        let sender = SenderCheck::new(&config.dpop, nonces, &uri, "token");
        let clock = self.clock.unwrap_or_else(|| Box::new(system_time));
        let metadata = metadata(&uri, clients.scopes(), sender.algorithms())
            .map_err(|error| ConfigError::invalid("", error.to_string()))?;
        let memory = |lifetime| {
            ReplayMemory::new(&config.dpop.replay, lifetime, clock())
                .map_err(|error| ConfigError::invalid("dpop.replay", error.to_string()))
        };
        let assertion_lifetime =
            i64::from(ASSERTION_LIFETIME_SECONDS).saturating_add(config.dpop.future_seconds.into());
        let token_capacity = usize::try_from(config.token_capacity).unwrap_or(usize::MAX);
        Ok(Issuer::from_parts(Parts {
            reference_tokens: Box::new(MemoryReferenceTokens::new(token_capacity)),
            revoked_tokens: Box::new(MemoryRevokedTokens::new(token_capacity, clock())),
            keys: signing_keys(self.keys, config)?,
            proofs: memory(sender.replay_lifetime_seconds())?,
            assertions: memory(assertion_lifetime)?,
            after_restart: config.dpop.replay.after_restart,
            future_seconds: config.dpop.future_seconds,
            access_token_lifetime_seconds: config.access_token_lifetime_seconds,
            uri,
            clients,
            resource_servers,
            sender,
            metadata,
            clock,
        }))
    }
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerBuilder")
            .field("config", &self.config)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// What neither the types nor the parts check.
fn check(config: &Config) -> Result<(), ConfigError> {
    if !(1..=86_400).contains(&config.access_token_lifetime_seconds) {
        return Err(ConfigError::invalid(
            "access_token_lifetime_seconds",
            "must be between 1 and 86400 seconds",
        ));
    }
    if !(1..=10_000_000).contains(&config.token_capacity) {
        return Err(ConfigError::invalid(
            "token_capacity",
            "must be between 1 and 10000000",
        ));
    }
    if config.default_audience.as_deref() == Some("") {
        return Err(ConfigError::invalid(
            "default_audience",
            "must not be empty",
        ));
    }
    let dpop = &config.dpop;
    dpop.validate()?;
    if !dpop.required {
        return Err(ConfigError::invalid(
            "dpop.required",
            "must be true: each token is bound to a DPoP key",
        ));
    }
    match dpop.replay.effective_store() {
        Some(ReplayStoreKind::Memory) => Ok(()),
        Some(ReplayStoreKind::Redis | ReplayStoreKind::Shared) => {
            Err(ConfigError::not_supported("dpop.replay.store"))
        }
        None => Err(ConfigError::not_supported(
            "dpop.replay.dangerous_replay_handled_elsewhere",
        )),
    }
}

fn signing_keys(mut keys: Vec<SigningKey>, config: &Config) -> Result<SigningKeys, ConfigError> {
    for (place, key) in config.signing_keys.iter().enumerate() {
        keys.push(secret::signing_key(key, &format!("signing_keys[{place}]"))?);
    }
    if keys.is_empty() {
        tracing::warn!(
            "signing_keys is empty: tokens are signed with a new key, which a restart forgets"
        );
        let key = SigningKey::generate(Algorithm::Es256)
            .map_err(|error| ConfigError::invalid("signing_keys", error.to_string()))?;
        keys.push(key);
    }
    SigningKeys::new(keys)
}
