//! `FapiLayer`, and how it is put together from a configuration.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use fapi_core::config::{Config, ConfigError, ReplayStoreKind, TokenFormat};
use fapi_core::dpop::{NonceKeys, QuotaLimits, Quotas};
use fapi_core::{Policy, UnixTime, Verifier};
use tower_layer::Layer;

use crate::drive::{Clock, Shared};
use crate::jwks::StaticKeys;
use crate::ports::{Introspector, KeySource, ReplayStore};
use crate::replay::MemoryReplayStore;
use crate::secret;
use crate::service::Fapi;
use crate::target::{OriginalUriFn, unchanged};

/// Lets only requests through whose sender has proven that the access token is theirs.
///
/// See the [crate's documentation](crate) for an example. Clones share keys, caches and the memory of used proofs.
#[derive(Clone)]
pub struct FapiLayer {
    shared: Arc<Shared>,
    original_uri: OriginalUriFn,
}

impl FapiLayer {
    /// A layer for this configuration.
    ///
    /// # Errors
    ///
    /// The configuration contradicts itself or asks for what this version does not do; the error names the field.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Self::builder(config).build()
    }

    /// A layer for this configuration with parts of the application's own.
    pub fn builder(config: Config) -> FapiLayerBuilder {
        FapiLayerBuilder {
            config,
            keys: None,
            introspector: None,
            replay: None,
            clock: None,
            original_uri: unchanged,
        }
    }

    /// A layer that may stand anywhere in an axum application, inside nested routers too.
    ///
    /// A nested router takes its prefix off the path; the proof names the whole one, which axum keeps as `OriginalUri`.
    /// [`FapiLayer::new`] would refuse every request there.
    ///
    /// # Errors
    ///
    /// As [`FapiLayer::new`].
    #[cfg(feature = "axum")]
    pub fn for_axum(config: Config) -> Result<Self, ConfigError> {
        Self::builder(config).for_axum().build()
    }
}

impl<S> Layer<S> for FapiLayer {
    type Service = Fapi<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fapi::new(inner, Arc::clone(&self.shared), self.original_uri)
    }
}

impl fmt::Debug for FapiLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FapiLayer")
            .field("policy", self.shared.verifier.policy())
            .finish_non_exhaustive()
    }
}

/// Puts a [`FapiLayer`] together from a configuration and parts of the application's own.
#[must_use]
pub struct FapiLayerBuilder {
    config: Config,
    keys: Option<Arc<dyn KeySource>>,
    introspector: Option<Arc<dyn Introspector>>,
    replay: Option<Arc<dyn ReplayStore>>,
    clock: Option<Box<Clock>>,
    original_uri: OriginalUriFn,
}

impl FapiLayerBuilder {
    /// Takes the issuers' keys from here, not from the configuration.
    pub fn key_source(mut self, keys: impl KeySource) -> Self {
        self.keys = Some(Arc::new(keys));
        self
    }

    /// Asks here about reference tokens.
    pub fn introspector(mut self, introspector: impl Introspector) -> Self {
        self.introspector = Some(Arc::new(introspector));
        self
    }

    /// Remembers used proofs here, not in the store that the configuration names.
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.replay = Some(Arc::new(store));
        self
    }

    /// Tells the layer the time. For tests that must not wait; the default is the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// As [`FapiLayer::for_axum`].
    #[cfg(feature = "axum")]
    pub fn for_axum(mut self) -> Self {
        self.original_uri = crate::extract::original_uri;
        self
    }

    /// Builds the layer. It starts no task and opens no connection.
    ///
    /// # Errors
    ///
    /// As [`FapiLayer::new`].
    pub fn build(self) -> Result<FapiLayer, ConfigError> {
        let config = &self.config;
        let policy = Policy::new(config)?;
        refuse_unsupported(config, self.introspector.is_some())?;
        let keys = match self.keys {
            Some(keys) => keys,
            None => Arc::new(StaticKeys::new(config)?),
        };
        let clock = self.clock.unwrap_or_else(|| Box::new(system_time));
        let random_failed = |path: &str| {
            let path = path.to_owned();
            move |_| ConfigError::invalid(path, "the system gave no random bytes")
        };
        let replay_config = &config.dpop.replay;
        let capacity = replay_config.capacity;
        if self.replay.is_some() && replay_config.effective_store().is_none() {
            return Err(ConfigError::invalid(
                "dpop.replay.dangerous_replay_handled_elsewhere",
                "not beside a replay store of the application's own, which would never be asked",
            ));
        }
        let replay = match self.replay {
            Some(store) => store,
            None => {
                let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
                let store = MemoryReplayStore::new(capacity, clock())
                    .map_err(random_failed("dpop.replay"))?;
                Arc::new(store)
            }
        };
        let lifetime = policy.replay_lifetime_seconds();
        let limits = QuotaLimits {
            per_client: u64::from(capacity).saturating_mul(replay_config.per_client_percent.into())
                / 100,
            per_key: replay_config.effective_per_key().into(),
        };
        let hash_key = fapi_crypto::random_bytes().map_err(random_failed("dpop.replay"))?;
        let nonces = nonce_keys(config)?;
        tracing::info!(
            capacity,
            lifetime_seconds = lifetime,
            requests_per_second = i64::from(capacity).checked_div(lifetime),
            "the replay store sustains this rate of requests"
        );
        Ok(FapiLayer {
            shared: Arc::new(Shared {
                verifier: Verifier::new(policy, &fapi_crypto::PROVIDER, nonces),
                keys,
                introspector: self.introspector,
                replay,
                quotas: Mutex::new(Quotas::new(limits, lifetime, hash_key)),
                clock,
            }),
            original_uri: self.original_uri,
        })
    }
}

impl fmt::Debug for FapiLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FapiLayerBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The system's clock in whole seconds.
fn system_time() -> UnixTime {
    let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, i64::saturating_neg)
        }
    };
    UnixTime::from_secs(seconds)
}

/// Refuses what other hosts or later versions do, so that nothing is ignored in silence. `envoy` is another host's part.
fn refuse_unsupported(config: &Config, can_introspect: bool) -> Result<(), ConfigError> {
    let store = config.dpop.replay.effective_store();
    if matches!(
        store,
        Some(ReplayStoreKind::Redis | ReplayStoreKind::Shared)
    ) {
        return Err(ConfigError::not_supported("dpop.replay.store"));
    }
    if config.redis.is_some() {
        return Err(ConfigError::not_supported("redis"));
    }
    if config.http.is_some() {
        return Err(ConfigError::not_supported("http"));
    }
    for (place, issuer) in config.issuers.iter().enumerate() {
        if !can_introspect && issuer.token_format != TokenFormat::Jwt {
            return Err(ConfigError::not_supported(format!(
                "issuers[{place}].token_format"
            )));
        }
        if !can_introspect && issuer.introspection.is_some() {
            return Err(ConfigError::not_supported(format!(
                "issuers[{place}].introspection"
            )));
        }
    }
    Ok(())
}

fn nonce_keys(config: &Config) -> Result<NonceKeys, ConfigError> {
    let nonce = &config.dpop.nonce;
    let mut keys = Vec::new();
    for (place, key) in nonce.keys.iter().enumerate() {
        keys.push(secret::nonce_key(
            key,
            &format!("dpop.nonce.keys[{place}]"),
        )?);
    }
    if keys.is_empty() {
        if nonce.mode == fapi_core::config::NonceMode::Required {
            tracing::warn!(
                "dpop.nonce.keys is empty: nonces are made under a random key, so replicas do not honour each other's"
            );
        }
        let random: [u8; 32] = fapi_crypto::random_bytes().map_err(|_| {
            ConfigError::invalid("dpop.nonce.keys", "the system gave no random bytes")
        })?;
        keys.push(random.to_vec());
    }
    let mut keys = keys.iter().map(Vec::as_slice);
    let mint = keys.next().unwrap_or_default();
    NonceKeys::new(mint, keys)
        .map_err(|error| ConfigError::invalid("dpop.nonce.keys", error.to_string()))
}
