//! What was used once: proofs and client assertions, in this process.

use std::sync::{Mutex, PoisonError};

use fapi_core::config::ReplayConfig;
use fapi_core::dpop::{Epoch, QuotaLimits, Quotas, ReplayWindow};
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};
use fapi_crypto::{KeyError, random_bytes};

/// Remembers what was used, with a share for each client and key. A restart forgets it all and begins a new epoch.
#[derive(Debug)]
pub(crate) struct ReplayMemory {
    epoch: Epoch,
    state: Mutex<State>,
}

struct State {
    window: ReplayWindow,
    quotas: Quotas,
}

impl ReplayMemory {
    /// An empty memory for entries that live at most `lifetime_seconds`.
    pub(crate) fn new(
        config: &ReplayConfig,
        lifetime_seconds: i64,
        now: UnixTime,
    ) -> Result<Self, KeyError> {
        let capacity = u64::from(config.capacity);
        let limits = QuotaLimits {
            per_client: capacity.saturating_mul(config.per_client_percent.into()) / 100,
            per_key: config.effective_per_key().into(),
        };
        let epoch = Epoch::new(u64::from_ne_bytes(random_bytes()?), now);
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        let state = State {
            window: ReplayWindow::new(capacity, epoch, random_bytes()?),
            quotas: Quotas::new(limits, lifetime_seconds, random_bytes()?),
        };
        Ok(Self {
            epoch,
            state: Mutex::new(state),
        })
    }

    /// The identity of this memory, and since when it remembers.
    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Looks and remembers in one step, so that of several at once exactly one is fresh.
    pub(crate) fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Result<ReplayAnswer, Unavailable> {
        // After a panic in the middle of an insert nobody knows what the window holds, so nothing is fresh.
        let mut state = self
            .state
            .lock()
            .map_err(|PoisonError { .. }| Unavailable::retry_after_seconds(60))?;
        let State { window, quotas } = &mut *state;
        let outcome = match quotas.check(query.issuer, query.client, query.thumbprint, now) {
            Err(exceeded) => ReplayOutcome::OverQuota(exceeded),
            Ok(()) => ReplayOutcome::from(window.insert(query.key, query.expires, now)),
        };
        if outcome == ReplayOutcome::Fresh {
            quotas.record(query.issuer, query.client, query.thumbprint, now);
        }
        Ok(ReplayAnswer {
            outcome,
            epoch: self.epoch,
        })
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.window.fmt(f)
    }
}
