//! The metrics by name, with units and what they mean. The page on observability has the same table.

use metrics::{SharedString, Unit, with_recorder};

pub(super) const DECISIONS: &str = "fapi_decisions_total";
pub(super) const VERIFICATION_SECONDS: &str = "fapi_verification_seconds";
pub(super) const KEY_FETCHES: &str = "fapi_key_fetches_total";
pub(super) const INTROSPECTIONS: &str = "fapi_introspections_total";
pub(super) const INTROSPECTIONS_SAVED: &str = "fapi_introspections_saved_total";
pub(super) const INTROSPECTION_SECONDS: &str = "fapi_introspection_seconds";
pub(super) const REPLAY_INSERTIONS: &str = "fapi_replay_insertions_total";
pub(super) const REPLAY_ENTRIES: &str = "fapi_replay_entries";
pub(super) const REPLAY_CAPACITY: &str = "fapi_replay_capacity";

struct Metric {
    name: &'static str,
    kind: Kind,
    description: &'static str,
}

enum Kind {
    Counter,
    Gauge,
    /// Of seconds.
    Histogram,
}

const METRICS: &[Metric] = &[
    Metric {
        name: DECISIONS,
        kind: Kind::Counter,
        description: "Requests, by what was decided and why.",
    },
    Metric {
        name: VERIFICATION_SECONDS,
        kind: Kind::Histogram,
        description: "From the arrival of a request to the decision, waits included.",
    },
    Metric {
        name: KEY_FETCHES,
        kind: Kind::Counter,
        description: "Fetches of an issuer's key set, by what came of them.",
    },
    Metric {
        name: INTROSPECTIONS,
        kind: Kind::Counter,
        description: "Questions to an issuer about tokens, by what came of them.",
    },
    Metric {
        name: INTROSPECTIONS_SAVED,
        kind: Kind::Counter,
        description: "Questions to an issuer about tokens that need not be asked.",
    },
    Metric {
        name: INTROSPECTION_SECONDS,
        kind: Kind::Histogram,
        description: "From a question to an issuer about a token to its answer, or to giving up.",
    },
    Metric {
        name: REPLAY_INSERTIONS,
        kind: Kind::Counter,
        description: "Proofs presented to the replay store, by what became of them.",
    },
    Metric {
        name: REPLAY_ENTRIES,
        kind: Kind::Gauge,
        description: "Proofs that the replay store in memory holds.",
    },
    Metric {
        name: REPLAY_CAPACITY,
        kind: Kind::Gauge,
        description: "Proofs that the replay store in memory can hold.",
    },
];

/// Tells the recorder units and meanings.
pub(crate) fn describe() {
    with_recorder(|recorder| {
        for metric in METRICS {
            let name = metric.name.into();
            let text = SharedString::const_str(metric.description);
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, Some(Unit::Count), text),
                Kind::Gauge => recorder.describe_gauge(name, Some(Unit::Count), text),
                Kind::Histogram => recorder.describe_histogram(name, Some(Unit::Seconds), text),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::{Introspection, KeyFetch, Replay, Saved};
    use super::*;

    #[test]
    fn the_page_lists_every_metric_and_label_value() {
        let page = include_str!("../../docs/observability.md");
        let names = METRICS.iter().map(|metric| metric.name);
        let values = [
            KeyFetch::VALUES,
            Introspection::VALUES,
            Saved::VALUES,
            Replay::VALUES,
        ];
        for word in names.chain(values.into_iter().flatten().copied()) {
            assert!(page.contains(&format!("`{word}`")), "{word}");
        }
    }
}
