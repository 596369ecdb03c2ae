//! What the operator is told of each decision: an event, and counters if the feature `metrics` is on.

use fapi_core::{Challenge, Denial};

use crate::InteractionId;

/// A refused request that went on because the configuration only reports (`mode: report_only`).
///
/// It is among the request's extensions in the place of [`Access`](crate::Access).
#[derive(Clone, Debug)]
pub struct Reported {
    denial: Denial,
    challenge: Challenge,
}

impl Reported {
    pub(crate) const fn new(denial: Denial, challenge: Challenge) -> Self {
        Self { denial, challenge }
    }

    /// Why it would have been refused.
    #[must_use]
    pub const fn denial(&self) -> &Denial {
        &self.denial
    }

    /// What the client would have been told.
    #[must_use]
    pub const fn challenge(&self) -> &Challenge {
        &self.challenge
    }
}

pub(crate) fn accepted(id: &InteractionId) {
    count("accepted", "none");
    tracing::debug!(target: "tower_fapi", interaction_id = id.as_str(), "request accepted");
}

pub(crate) fn public(id: &InteractionId) {
    count("public", "none");
    tracing::debug!(target: "tower_fapi", interaction_id = id.as_str(), "request needs no token");
}

pub(crate) fn refused(denial: &Denial, challenge: &Challenge, id: &InteractionId) {
    let (reason, status) = (denial.reason().code(), challenge.status());
    count("refused", reason);
    let interaction_id = id.as_str();
    if status >= 500 {
        tracing::warn!(target: "tower_fapi", reason, status, interaction_id, "request not decided");
    } else {
        tracing::info!(target: "tower_fapi", reason, status, interaction_id, "request refused");
    }
}

pub(crate) fn reported(denial: &Denial, challenge: &Challenge, id: &InteractionId) {
    let (reason, status) = (denial.reason().code(), challenge.status());
    count("reported", reason);
    let interaction_id = id.as_str();
    tracing::info!(target: "tower_fapi", reason, status, interaction_id, "request would be refused");
}

#[cfg(feature = "metrics")]
fn count(decision: &'static str, reason: &'static str) {
    metrics::counter!("fapi_decisions_total", "decision" => decision, "reason" => reason)
        .increment(1);
}

#[cfg(not(feature = "metrics"))]
const fn count(_decision: &'static str, _reason: &'static str) {}
