//! What serves once: proofs and client assertions, with a share of the room for each client and key.

use std::sync::{Mutex, PoisonError};

use fapi_core::config::ReplayConfig;
use fapi_core::dpop::{QuotaLimits, Quotas};
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, UnixTime};
use fapi_crypto::{KeyError, random_bytes};

use crate::storage::{Storage, StorageError, Use};

/// The counters that stand in front of the storage. They are of this process alone: a share protects its memory.
pub(crate) struct Uses {
    proofs: Mutex<Quotas>,
    assertions: Mutex<Quotas>,
}

/// What one request brings, in the order in which it is used up.
pub(crate) struct Bundle<'a> {
    pub(crate) proof: Option<ReplayQuery<'a>>,
    pub(crate) assertion: Option<ReplayQuery<'a>>,
}

/// What became of it. What comes after something that was not fresh was left alone.
pub(crate) struct Spent {
    pub(crate) proof: Option<ReplayAnswer>,
    pub(crate) assertion: Option<ReplayOutcome>,
}

impl Uses {
    /// Proofs and assertions are remembered for so many seconds at most.
    pub(crate) fn new(
        config: &ReplayConfig,
        proof_lifetime: i64,
        assertion_lifetime: i64,
    ) -> Result<Self, KeyError> {
        let limits = QuotaLimits {
            per_client: u64::from(config.capacity).saturating_mul(config.per_client_percent.into())
                / 100,
            per_key: config.effective_per_key().into(),
        };
        let quotas = |lifetime| {
            Ok::<_, KeyError>(Mutex::new(Quotas::new(limits, lifetime, random_bytes()?)))
        };
        Ok(Self {
            proofs: quotas(proof_lifetime)?,
            assertions: quotas(assertion_lifetime)?,
        })
    }

    /// Uses up a proof, and if it was fresh an assertion: whoever is told to come again with a nonce may bring the same
    /// assertion again.
    pub(crate) async fn spend(
        &self,
        storage: &Storage,
        bundle: &Bundle<'_>,
        now: UnixTime,
    ) -> Result<Spent, StorageError> {
        let mut spent = Spent {
            proof: None,
            assertion: None,
        };
        let epoch = storage.epoch();
        let over = |quotas, query: &Option<ReplayQuery<'_>>| match query {
            Some(query) => check(quotas, query, now),
            None => None,
        };
        if let Some(outcome) = over(&self.proofs, &bundle.proof) {
            spent.proof = Some(ReplayAnswer { outcome, epoch });
            return Ok(spent);
        }
        let refused = over(&self.assertions, &bundle.assertion);
        let assertion = bundle.assertion.as_ref().filter(|_| refused.is_none());
        let uses: Vec<_> = bundle.proof.iter().chain(assertion).map(of).collect();
        let mut outcomes = storage.use_once(&uses, now).await?.into_iter();
        if let Some(query) = &bundle.proof {
            let outcome = outcomes.next().ok_or(StorageError::Unavailable)?;
            count(&self.proofs, query, outcome, now);
            spent.proof = Some(ReplayAnswer { outcome, epoch });
            if outcome != ReplayOutcome::Fresh {
                return Ok(spent);
            }
        }
        spent.assertion = refused;
        if let Some(query) = assertion {
            let outcome = outcomes.next().ok_or(StorageError::Unavailable)?;
            count(&self.assertions, query, outcome, now);
            spent.assertion = Some(outcome);
        }
        Ok(spent)
    }
}

fn of(query: &ReplayQuery<'_>) -> Use {
    Use {
        key: query.key,
        expires: query.expires,
    }
}

/// The outcome for a client or key that has no room left.
fn check(quotas: &Mutex<Quotas>, query: &ReplayQuery<'_>, now: UnixTime) -> Option<ReplayOutcome> {
    // A panic in the middle of counting leaves a wrong count at worst.
    let quotas = quotas.lock().unwrap_or_else(PoisonError::into_inner);
    let checked = quotas.check(query.issuer, query.client, query.thumbprint, now);
    checked.err().map(ReplayOutcome::OverQuota)
}

fn count(quotas: &Mutex<Quotas>, query: &ReplayQuery<'_>, outcome: ReplayOutcome, now: UnixTime) {
    if outcome == ReplayOutcome::Fresh {
        let mut quotas = quotas.lock().unwrap_or_else(PoisonError::into_inner);
        quotas.record(query.issuer, query.client, query.thumbprint, now);
    }
}
