//! Stores and proofs for the tests.

use std::time::{Duration, Instant};

use fapi_core::dpop::ReplayKey;
use fapi_core::jose::Thumbprint;
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};
use tower_fapi::RedisReplayStore;
use tower_fapi::ports::{Answer, ReplayStore as _};

use fapi_core::config::RedisConfig;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);
const KEY: Thumbprint = Thumbprint::from_bytes([7; 32]);

/// A configuration with time enough for a busy machine.
pub(crate) fn patient(url: &str) -> RedisConfig {
    let mut config = RedisConfig::default();
    config.url = Some(url.to_owned());
    config.connect_timeout_ms = 10_000;
    config.command_timeout_ms = 10_000;
    config
}

pub(crate) fn store(url: &str) -> RedisReplayStore {
    RedisReplayStore::new(&patient(url)).unwrap()
}

pub(crate) fn key(jti: &str) -> ReplayKey {
    ReplayKey::new("https://rs", "https://as", &KEY, jti)
}

pub(crate) async fn insert(
    store: &RedisReplayStore,
    jti: &str,
) -> Result<ReplayAnswer, Unavailable> {
    insert_at(store, jti, NOW).await
}

pub(crate) async fn insert_at(
    store: &RedisReplayStore,
    jti: &str,
    now: UnixTime,
) -> Result<ReplayAnswer, Unavailable> {
    let query = ReplayQuery {
        key: key(jti),
        expires: now.plus(300),
        issuer: "https://as",
        client: "client",
        thumbprint: &KEY,
    };
    match store.insert(query, now) {
        Answer::Now(answer) => answer,
        Answer::Later(answer) => answer.await,
    }
}

pub(crate) async fn outcome(
    store: &RedisReplayStore,
    jti: &str,
) -> Result<ReplayOutcome, Unavailable> {
    insert(store, jti).await.map(|answer| answer.outcome)
}

/// Asks until the store is ready, and says how long that took.
pub(crate) async fn recovery(store: &RedisReplayStore) -> Duration {
    recovery_at(store, NOW).await
}

pub(crate) async fn recovery_at(store: &RedisReplayStore, now: UnixTime) -> Duration {
    let begun = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    while let Err(problem) = store.ready(now).await {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no recovery: {problem}"
        );
        tick.tick().await;
    }
    begun.elapsed()
}
