//! What is measured, handed to the recorder of the moment.
//!
//! The keys, names with labels, are made once: what is counted for each request allocates nothing here. The
//! recorder is asked for the instrument each time, which costs it a look into a table. Instruments that were kept would
//! say nothing for ever if the application installed its recorder after the first request.

use std::sync::LazyLock;
use std::time::Instant;

use fapi_core::dpop::ReplayWindow;
use fapi_core::{Reason, UnixTime};
use metrics::{IntoLabels, Key, Label, Level, Metadata, with_recorder};

use super::table::{
    DECISIONS, INTROSPECTION_SECONDS, INTROSPECTIONS, INTROSPECTIONS_SAVED, KEY_FETCHES,
    REPLAY_CAPACITY, REPLAY_ENTRIES, REPLAY_INSERTIONS, VERIFICATION_SECONDS,
};
use super::{Decision, Introspection, KeyFetch, Replay, Saved};

static METADATA: Metadata<'static> = Metadata::new("tower_fapi", Level::INFO, Some(module_path!()));
static ENTRIES: Key = Key::from_static_name(REPLAY_ENTRIES);
static CAPACITY: Key = Key::from_static_name(REPLAY_CAPACITY);
static DECISION_KEYS: LazyLock<DecisionKeys> = LazyLock::new(DecisionKeys::new);

/// Counts a decision, and how long it took.
pub(crate) fn decided(decision: Decision, since: Stopwatch) {
    if let Some((count, seconds)) = DECISION_KEYS.of(decision) {
        increment(count);
        record(seconds, since);
    }
}

/// Counts a decision of a requirement in code, on top of the layer's own: it takes no time of its own.
pub(crate) fn required(decision: Decision) {
    if let Some((count, _)) = DECISION_KEYS.of(decision) {
        increment(count);
    }
}

/// Counts what became of the insertion of a proof.
pub(crate) fn replay(outcome: Replay) {
    static KEYS: LazyLock<Box<[Key]>> =
        LazyLock::new(|| by_outcome(REPLAY_INSERTIONS, &[], "outcome", Replay::VALUES));
    count(&KEYS, outcome as usize);
}

/// When something began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

/// The fetches of one issuer's keys.
#[derive(Debug)]
pub(crate) struct KeyFetches(Box<[Key]>);

impl KeyFetches {
    pub(crate) fn new(issuer: &str) -> Self {
        let issuer = [Label::new("issuer", issuer.to_owned())];
        Self(by_outcome(
            KEY_FETCHES,
            &issuer,
            "outcome",
            KeyFetch::VALUES,
        ))
    }

    pub(crate) fn count(&self, outcome: KeyFetch) {
        count(&self.0, outcome as usize);
    }
}

/// The questions to one issuer about tokens.
#[derive(Debug)]
pub(crate) struct Introspections {
    asked: Box<[Key]>,
    saved: Box<[Key]>,
    seconds: Key,
}

impl Introspections {
    pub(crate) fn new(issuer: &str) -> Self {
        let issuer = [Label::new("issuer", issuer.to_owned())];
        Self {
            asked: by_outcome(INTROSPECTIONS, &issuer, "outcome", Introspection::VALUES),
            saved: by_outcome(INTROSPECTIONS_SAVED, &issuer, "by", Saved::VALUES),
            seconds: key(INTROSPECTION_SECONDS, issuer.to_vec()),
        }
    }

    /// A question that was not asked.
    pub(crate) fn count(&self, outcome: Introspection) {
        count(&self.asked, outcome as usize);
    }

    /// A question that was asked, and how long its answer or the lack of one took.
    pub(crate) fn asked(&self, outcome: Introspection, since: Stopwatch) {
        self.count(outcome);
        record(&self.seconds, since);
    }

    /// A question that need not be asked.
    pub(crate) fn saved(&self, how: Saved) {
        count(&self.saved, how as usize);
    }
}

/// When it was last told how full a store is.
#[derive(Debug)]
pub(crate) struct Occupancy {
    told: Option<UnixTime>,
}

impl Occupancy {
    pub(crate) const fn new() -> Self {
        Self { told: None }
    }

    /// What is to be told in this second: once.
    pub(crate) fn read(&mut self, window: &ReplayWindow, now: UnixTime) -> Option<Occupied> {
        if self.told == Some(now) {
            return None;
        }
        self.told = Some(now);
        Some(Occupied {
            entries: window.len(),
            capacity: window.capacity(),
        })
    }
}

/// How full a store is.
#[must_use]
pub(crate) struct Occupied {
    entries: usize,
    capacity: usize,
}

impl Occupied {
    /// Not under the store's lock: a recorder that panics would take the store with it.
    pub(crate) fn tell(self) {
        with_recorder(|recorder| {
            let gauge = |key| recorder.register_gauge(key, &METADATA);
            gauge(&ENTRIES).set(self.entries as f64);
            gauge(&CAPACITY).set(self.capacity as f64);
        });
    }
}

struct DecisionKeys {
    accepted: Key,
    public: Key,
    refused: Box<[Key]>,
    reported: Box<[Key]>,
    seconds: [Key; 4],
}

impl DecisionKeys {
    fn new() -> Self {
        let count = |decision: &'static str, reason: &'static str| {
            let labels = [("decision", decision), ("reason", reason)];
            key(DECISIONS, &labels)
        };
        let counts = |decision| {
            let reasons = Reason::ALL.iter();
            reasons
                .map(|reason| count(decision, reason.code()))
                .collect()
        };
        let seconds = |decision: &'static str| key(VERIFICATION_SECONDS, &[("decision", decision)]);
        Self {
            accepted: count("accepted", "none"),
            public: count("public", "none"),
            refused: counts("refused"),
            reported: counts("reported"),
            seconds: ["accepted", "public", "refused", "reported"].map(seconds),
        }
    }

    fn of(&self, decision: Decision) -> Option<(&Key, &Key)> {
        let [accepted, public, refused, reported] = &self.seconds;
        Some(match decision {
            Decision::Accepted => (&self.accepted, accepted),
            Decision::Public => (&self.public, public),
            Decision::Refused(reason) => (self.refused.get(reason as usize)?, refused),
            Decision::Reported(reason) => (self.reported.get(reason as usize)?, reported),
        })
    }
}

fn by_outcome(
    name: &'static str,
    fixed: &[Label],
    label: &'static str,
    values: &[&'static str],
) -> Box<[Key]> {
    let keyed = |value: &&'static str| {
        let mut labels = fixed.to_vec();
        labels.push(Label::from_static_parts(label, value));
        key(name, labels)
    };
    values.iter().map(keyed).collect()
}

/// A key that recorders copy for their tables without allocating.
fn key(name: &'static str, labels: impl IntoLabels) -> Key {
    Key::from_parts(name, labels).to_retained()
}

fn count(keys: &[Key], place: usize) {
    if let Some(key) = keys.get(place) {
        increment(key);
    }
}

fn increment(key: &Key) {
    with_recorder(|recorder| recorder.register_counter(key, &METADATA).increment(1));
}

fn record(key: &Key, since: Stopwatch) {
    let seconds = since.0.elapsed().as_secs_f64();
    with_recorder(|recorder| recorder.register_histogram(key, &METADATA).record(seconds));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_counted_under_its_own_code() {
        let keys = DecisionKeys::new();
        for &reason in Reason::ALL {
            for decision in [Decision::Refused(reason), Decision::Reported(reason)] {
                let (count, _) = keys.of(decision).unwrap();
                assert!(count.labels().any(|label| label.value() == reason.code()));
            }
        }
    }
}
