//! `dpop`.

use super::{in_range, secret_key, values};
use crate::config::{ConfigError, DpopConfig, NonceConfig, ReplayConfig};

impl DpopConfig {
    /// Checks ranges, for the member `dpop` of any document; [`Config::validate`](crate::config::Config::validate)
    /// has done so already.
    ///
    /// # Errors
    /// The first mistake found, with its path from `dpop` on.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check(self)
    }
}

pub(super) fn check(dpop: &DpopConfig) -> Result<(), ConfigError> {
    values::algorithms("dpop.algs", &dpop.algs)?;
    let max_age = u64::from(dpop.max_age_seconds);
    in_range("dpop.max_age_seconds", max_age, 1..=3600, "seconds")?;
    let future = u64::from(dpop.future_seconds);
    in_range("dpop.future_seconds", future, 0..=60, "seconds")?;
    nonce(&dpop.nonce)?;
    replay(&dpop.replay)
}

fn nonce(nonce: &NonceConfig) -> Result<(), ConfigError> {
    let lifetime = u64::from(nonce.lifetime_seconds);
    in_range(
        "dpop.nonce.lifetime_seconds",
        lifetime,
        10..=3600,
        "seconds",
    )?;
    for (i, key) in nonce.keys.iter().enumerate() {
        let path = format!("dpop.nonce.keys[{i}]");
        secret_key(&path, key)?;
    }
    Ok(())
}

fn replay(replay: &ReplayConfig) -> Result<(), ConfigError> {
    if replay.dangerous_replay_handled_elsewhere && replay.store.is_some() {
        return Err(ConfigError::invalid(
            "dpop.replay.store",
            "not beside `dangerous_replay_handled_elsewhere`, which means that no proof is remembered",
        ));
    }
    let capacity = u64::from(replay.capacity);
    in_range("dpop.replay.capacity", capacity, 1024..=1 << 31, "proofs")?;
    let share = u64::from(replay.per_client_percent);
    in_range("dpop.replay.per_client_percent", share, 1..=100, "percent")?;
    let per_key = u64::from(replay.effective_per_key());
    in_range(
        "dpop.replay.per_key",
        per_key,
        1..=capacity,
        "proofs (`capacity`)",
    )
}
