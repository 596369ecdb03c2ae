//! What the operator is told of each decision: an event, and counters if the feature `metrics` is on.

use fapi_core::{Challenge, Denial, Reason, UnixTime};

use crate::InteractionId;
use crate::future::Arrival;
use crate::measure::{self, Decision};
use crate::throttle::{Line, Throttle};

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

/// The refusals in the log, a bounded number of each reason.
#[derive(Debug)]
pub(crate) struct Refusals(Box<[Throttle]>);

impl Refusals {
    pub(crate) fn new() -> Self {
        Self(Reason::ALL.iter().map(|_| Throttle::new()).collect())
    }

    fn line(&self, reason: Reason, now: UnixTime) -> Line {
        // There is one for each.
        self.0
            .get(reason as usize)
            .map_or(Line::Write { left_out: 0 }, |throttle| throttle.line(now))
    }

    pub(crate) fn refused(
        &self,
        denial: &Denial,
        challenge: &Challenge,
        id: &InteractionId,
        now: UnixTime,
    ) {
        let (code, status) = (denial.reason().code(), challenge.status());
        let interaction_id = id.as_str();
        let Line::Write { left_out } = self.line(denial.reason(), now) else {
            tracing::debug!(
                target: "tower_fapi", reason = code, status, interaction_id,
                "request refused, beyond the lines of this second"
            );
            return;
        };
        if status >= 500 {
            if left_out > 0 {
                tracing::warn!(target: "tower_fapi", reason = code, left_out, "more requests not decided");
            }
            tracing::warn!(
                target: "tower_fapi", reason = code, status, interaction_id,
                "request not decided"
            );
        } else {
            if left_out > 0 {
                tracing::info!(target: "tower_fapi", reason = code, left_out, "more requests refused");
            }
            tracing::info!(
                target: "tower_fapi", reason = code, status, interaction_id,
                "request refused"
            );
        }
    }

    pub(crate) fn reported(
        &self,
        denial: &Denial,
        challenge: &Challenge,
        id: &InteractionId,
        now: UnixTime,
    ) {
        let (code, status) = (denial.reason().code(), challenge.status());
        let interaction_id = id.as_str();
        let Line::Write { left_out } = self.line(denial.reason(), now) else {
            tracing::debug!(
                target: "tower_fapi", reason = code, status, interaction_id,
                "request would be refused, beyond the lines of this second"
            );
            return;
        };
        if left_out > 0 {
            tracing::info!(target: "tower_fapi", reason = code, left_out, "more requests would be refused");
        }
        tracing::info!(
            target: "tower_fapi", reason = code, status, interaction_id,
            "request would be refused"
        );
    }
}

pub(crate) fn accepted(arrival: &Arrival) {
    measure::decided(Decision::Accepted, arrival.begun);
    tracing::debug!(target: "tower_fapi", interaction_id = arrival.id.as_str(), "request accepted");
}

pub(crate) fn public(arrival: &Arrival) {
    measure::decided(Decision::Public, arrival.begun);
    tracing::debug!(
        target: "tower_fapi", interaction_id = arrival.id.as_str(), "request needs no token"
    );
}
