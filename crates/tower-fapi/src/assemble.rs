//! From a configuration to what the services share.

use std::sync::{Arc, Mutex};

use fapi_core::config::{
    Config, ConfigError, NonceConfig, NonceMode, ReplayConfig, ReplayStoreKind,
};
use fapi_core::dpop::{NonceKeys, QuotaLimits, Quotas};
use fapi_core::mtls::CertificatePolicy;
use fapi_core::{Policy, Verifier};

use crate::drive::{Clock, Shared};
use crate::introspect::HttpIntrospector;
use crate::keys::ConfiguredKeys;
use crate::ports::{Introspector, KeySource, ReplayStore};
use crate::replay::MemoryReplayStore;
use crate::report::Refusals;
use crate::secret;

/// The parts that are the application's own, in place of what the configuration describes.
pub(crate) struct Parts {
    pub(crate) keys: Option<Arc<dyn KeySource>>,
    pub(crate) introspector: Option<Arc<dyn Introspector>>,
    pub(crate) replay: Option<Arc<dyn ReplayStore>>,
    pub(crate) http: Option<reqwest::Client>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) refusals: Arc<Refusals>,
}

/// The memory of used proofs, with what belongs to it.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) store: Arc<dyn ReplayStore>,
    /// The nonce key that was made up for it. Nonces of one memory are made under one key, or a proof could be judged by
    /// its nonce now and by its `iat` later, when it has been forgotten.
    pub(crate) nonce_key: [u8; 32],
    config: ReplayConfig,
    lifetime: i64,
}

impl Parts {
    /// Puts everything together; what is remembered goes over from `before`, where it still fits.
    pub(crate) fn assemble(
        &self,
        config: &Config,
        before: Option<&Shared>,
    ) -> Result<Shared, ConfigError> {
        let policy = Policy::new(config)?;
        let keys = match &self.keys {
            Some(keys) => Arc::clone(keys),
            None => self.configured_keys(config)?,
        };
        let lifetime = policy.replay_lifetime_seconds();
        let memory = self.memory(config, lifetime, before)?;
        let nonces = nonce_keys(&config.dpop.nonce, &memory)?;
        Ok(Shared {
            quotas: Mutex::new(quotas(&config.dpop.replay, lifetime)?),
            verifier: Verifier::new(policy, &fapi_crypto::PROVIDER, nonces),
            keys,
            introspector: self.introspector(config)?,
            certificates: config.mtls.as_ref().map(CertificatePolicy::new),
            replay: Arc::clone(&memory.store),
            memory,
            clock: Arc::clone(&self.clock),
            refusals: Arc::clone(&self.refusals),
        })
    }

    fn introspector(&self, config: &Config) -> Result<Option<Arc<dyn Introspector>>, ConfigError> {
        if let Some(introspector) = &self.introspector {
            return Ok(Some(Arc::clone(introspector)));
        }
        if config
            .issuers
            .iter()
            .all(|issuer| issuer.introspection.is_none())
        {
            return Ok(None);
        }
        let clock = Arc::clone(&self.clock);
        let mut introspector = HttpIntrospector::builder(config).clock(move || clock());
        if let Some(client) = &self.http {
            introspector = introspector.client(client.clone());
        }
        Ok(Some(Arc::new(introspector.build()?)))
    }

    fn configured_keys(&self, config: &Config) -> Result<Arc<dyn KeySource>, ConfigError> {
        let mut keys = ConfiguredKeys::builder(config);
        if let Some(client) = &self.http {
            keys = keys.client(client.clone());
        }
        Ok(Arc::new(keys.build()?))
    }

    fn memory(
        &self,
        config: &Config,
        lifetime: i64,
        before: Option<&Shared>,
    ) -> Result<Memory, ConfigError> {
        let replay = &config.dpop.replay;
        if self.replay.is_some() && replay.effective_store().is_none() {
            return Err(ConfigError::invalid(
                "dpop.replay.dangerous_replay_handled_elsewhere",
                "not beside a replay store of the application's own, which would never be asked",
            ));
        }
        // What is in the store was remembered for as long as proofs lived then.
        let fits = |memory: &&Memory| memory.config == *replay && lifetime <= memory.lifetime;
        if let Some(memory) = before.map(|shared| &shared.memory).filter(fits) {
            return Ok(memory.clone());
        }
        let store = match &self.replay {
            Some(store) => Arc::clone(store),
            None => self.configured_store(config)?,
        };
        tracing::info!(
            target: "tower_fapi",
            capacity = replay.capacity,
            lifetime_seconds = lifetime,
            requests_per_second = i64::from(replay.capacity).checked_div(lifetime),
            "the replay store sustains this rate of requests"
        );
        Ok(Memory {
            store,
            nonce_key: fapi_crypto::random_bytes().map_err(no_random("dpop.nonce.keys"))?,
            config: replay.clone(),
            lifetime,
        })
    }

    fn configured_store(&self, config: &Config) -> Result<Arc<dyn ReplayStore>, ConfigError> {
        let replay = &config.dpop.replay;
        match replay.effective_store() {
            Some(ReplayStoreKind::Redis) => redis_store(config),
            Some(ReplayStoreKind::Shared) => Err(ConfigError::not_supported("dpop.replay.store")),
            // Where replay is handled elsewhere this one is never asked.
            Some(ReplayStoreKind::Memory) | None => {
                let capacity = usize::try_from(replay.capacity).unwrap_or(usize::MAX);
                let store = MemoryReplayStore::new(capacity, (self.clock)());
                Ok(Arc::new(store.map_err(no_random("dpop.replay"))?))
            }
        }
    }
}

#[cfg(feature = "redis")]
fn redis_store(config: &Config) -> Result<Arc<dyn ReplayStore>, ConfigError> {
    // A proof could be judged by its nonce at one replica and by its `iat` at another, and be remembered too briefly.
    if config.dpop.nonce.keys.is_empty() {
        let reason = "replicas that share a store must know each other's nonces";
        return Err(ConfigError::missing("dpop.nonce.keys", reason));
    }
    match &config.redis {
        Some(redis) => Ok(Arc::new(crate::RedisReplayStore::new(redis)?)),
        None => Err(ConfigError::missing(
            "redis",
            "the replay store is in Redis",
        )),
    }
}

#[cfg(not(feature = "redis"))]
fn redis_store(_config: &Config) -> Result<Arc<dyn ReplayStore>, ConfigError> {
    let problem = "needs the feature `redis` of tower-fapi";
    Err(ConfigError::invalid("dpop.replay.store", problem))
}

fn quotas(config: &ReplayConfig, lifetime: i64) -> Result<Quotas, ConfigError> {
    let share = u64::from(config.capacity).saturating_mul(config.per_client_percent.into());
    let limits = QuotaLimits {
        per_client: share / 100,
        per_key: config.effective_per_key().into(),
    };
    let hash_key = fapi_crypto::random_bytes().map_err(no_random("dpop.replay"))?;
    Ok(Quotas::new(limits, lifetime, hash_key))
}

fn nonce_keys(config: &NonceConfig, memory: &Memory) -> Result<NonceKeys, ConfigError> {
    let mut keys = Vec::new();
    for (place, key) in config.keys.iter().enumerate() {
        keys.push(secret::nonce_key(
            key,
            &format!("dpop.nonce.keys[{place}]"),
        )?);
    }
    if keys.is_empty() {
        if config.mode == NonceMode::Required {
            tracing::warn!(
                target: "tower_fapi",
                "dpop.nonce.keys is empty: nonces are made under a random key, so replicas do not honour each other's"
            );
        }
        keys.push(memory.nonce_key.to_vec());
    }
    let mut keys = keys.iter().map(Vec::as_slice);
    let mint = keys.next().unwrap_or_default();
    NonceKeys::new(mint, keys)
        .map_err(|error| ConfigError::invalid("dpop.nonce.keys", error.to_string()))
}

fn no_random<E>(path: &'static str) -> impl FnOnce(E) -> ConfigError {
    move |_| ConfigError::invalid(path, "the system gave no random bytes")
}
