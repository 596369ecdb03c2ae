//! The memory of used proofs with what belongs to it, and what becomes of it under another configuration.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fapi_core::UnixTime;
use fapi_core::config::{
    Config, ConfigError, NonceConfig, NonceMode, OriginConfig, RedisConfig, ReplayConfig,
    ReplayStoreKind,
};
use fapi_core::dpop::{Epoch, NonceKeys, QuotaLimits, Quotas};

use crate::ports::ReplayStore;
use crate::replay::MemoryReplayStore;
use crate::secret;

/// The memory of used proofs, with what belongs to it.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) store: Arc<dyn ReplayStore>,
    quotas: Arc<Mutex<Quotas>>,
    /// The nonce key that was made up for it. Nonces of one memory are made under one key, or a proof could be judged by
    /// its nonce now and by its `iat` later, when it has been forgotten.
    nonce_key: [u8; 32],
    /// Older proofs may have been used under a configuration whose memory this one does not go on with.
    since: UnixTime,
    terms: Terms,
}

/// What a memory was made for.
#[derive(Clone)]
struct Terms {
    replay: ReplayConfig,
    /// There if the store is in Redis.
    redis: Option<RedisConfig>,
    /// The entries are named after these.
    resource: String,
    origins: Option<Vec<OriginConfig>>,
    /// For how long after `iat`, or after their nonce's issue, proofs are remembered at least.
    max_age_seconds: u32,
    nonce_lifetime_seconds: u32,
}

impl Terms {
    fn of(config: &Config) -> Self {
        let replay = &config.dpop.replay;
        let in_redis = replay.effective_store() == Some(ReplayStoreKind::Redis);
        Self {
            replay: replay.clone(),
            redis: config.redis.clone().filter(|_| in_redis),
            resource: config.resource.clone(),
            origins: config.origins.clone(),
            max_age_seconds: config.dpop.max_age_seconds,
            nonce_lifetime_seconds: config.dpop.nonce.lifetime_seconds,
        }
    }

    /// Whether a memory made for `self` remembers everything that must be known under `next`: what has expired in it
    /// was remembered for as long as proofs lived then.
    fn cover(&self, next: &Self) -> bool {
        self.replay == next.replay
            && self.redis == next.redis
            && self.resource == next.resource
            && self.origins == next.origins
            && self.max_age_seconds >= next.max_age_seconds
            && self.nonce_lifetime_seconds >= next.nonce_lifetime_seconds
    }
}

impl Memory {
    /// A memory for this configuration: that of `before`, if it knows enough. `lifetime` is how many seconds an entry
    /// lives at most, `own` the application's store.
    pub(crate) fn new(
        config: &Config,
        lifetime: i64,
        own: Option<&Arc<dyn ReplayStore>>,
        before: Option<&Self>,
        now: UnixTime,
    ) -> Result<Self, ConfigError> {
        let replay = &config.dpop.replay;
        if own.is_some() && replay.effective_store().is_none() {
            return Err(ConfigError::invalid(
                "dpop.replay.dangerous_replay_handled_elsewhere",
                "not beside a replay store of the application's own, which would never be asked",
            ));
        }
        let terms = Terms::of(config);
        if let Some(before) = before.filter(|before| before.terms.cover(&terms)) {
            // From now on it remembers for as long as these terms say, which may be shorter.
            return Ok(Self {
                terms,
                ..before.clone()
            });
        }
        let store = match own {
            Some(store) => Arc::clone(store),
            None => configured_store(config, now)?,
        };
        tracing::info!(
            target: "tower_fapi",
            capacity = replay.capacity,
            lifetime_seconds = lifetime,
            requests_per_second = i64::from(replay.capacity).checked_div(lifetime),
            "the replay store sustains this rate of requests"
        );
        let future = i64::from(config.dpop.future_seconds);
        Ok(Self {
            store,
            quotas: Arc::new(Mutex::new(quotas(replay, lifetime)?)),
            nonce_key: fapi_crypto::random_bytes().map_err(no_random("dpop.nonce.keys"))?,
            since: match before {
                // As young as a proof can be that was used before this moment, and a second for rounding.
                Some(before) => now.plus(future).plus(1).max(before.since),
                None => UnixTime::from_secs(i64::MIN),
            },
            terms,
        })
    }

    /// The epoch of the memory, if it is known without waiting.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.store.epoch().map(|epoch| self.bound(epoch))
    }

    /// The store's epoch, not from before the memory was put in force.
    pub(crate) fn bound(&self, epoch: Epoch) -> Epoch {
        Epoch::new(epoch.id(), epoch.since().max(self.since))
    }

    pub(crate) fn quotas(&self) -> MutexGuard<'_, Quotas> {
        // Counters survive a panic elsewhere: at worst one is off by one.
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ring of the configuration, or of the key that was made up for this memory.
    pub(crate) fn nonce_keys(&self, config: &NonceConfig) -> Result<NonceKeys, ConfigError> {
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
            keys.push(self.nonce_key.to_vec());
        }
        let mut keys = keys.iter().map(Vec::as_slice);
        let mint = keys.next().unwrap_or_default();
        NonceKeys::new(mint, keys)
            .map_err(|error| ConfigError::invalid("dpop.nonce.keys", error.to_string()))
    }
}

fn configured_store(config: &Config, now: UnixTime) -> Result<Arc<dyn ReplayStore>, ConfigError> {
    let replay = &config.dpop.replay;
    match replay.effective_store() {
        Some(ReplayStoreKind::Redis) => redis_store(config),
        Some(ReplayStoreKind::Shared) => Err(ConfigError::not_supported("dpop.replay.store")),
        // Where replay is handled elsewhere this one is never asked.
        Some(ReplayStoreKind::Memory) | None => {
            let capacity = usize::try_from(replay.capacity).unwrap_or(usize::MAX);
            let store = MemoryReplayStore::new(capacity, now);
            Ok(Arc::new(store.map_err(no_random("dpop.replay"))?))
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

fn no_random<E>(path: &'static str) -> impl FnOnce(E) -> ConfigError {
    move |_| ConfigError::invalid(path, "the system gave no random bytes")
}
