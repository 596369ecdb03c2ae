//! What the operator is told: Envoy's stats (under `wasmcustom.`) and log.

use std::cell::Cell;

use fapi_core::Reason;

use crate::host::{Host, Level};

/// What is counted besides the decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Accepted,
    Public,
    KeysFetched,
    KeysFailed,
    Introspected,
    IntrospectionFailed,
    Paused,
}

impl Event {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Accepted, "fapi.accepted"),
        (Self::Public, "fapi.public"),
        (Self::KeysFetched, "fapi.keys.fetched"),
        (Self::KeysFailed, "fapi.keys.failed"),
        (Self::Introspected, "fapi.introspection.answered"),
        (Self::IntrospectionFailed, "fapi.introspection.failed"),
        (Self::Paused, "fapi.paused"),
    ];
}

/// Whether a request was refused, or only would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Refused,
    Reported,
}

/// The counters, and the log.
pub(crate) struct Stats<H> {
    host: H,
    /// A counter for each of [`Event::ALL`].
    events: Vec<Option<u32>>,
    /// Two counters for each of [`Reason::ALL`]. A reason's count is the count of its outcomes.
    reasons: Vec<[Option<u32>; 2]>,
    debug: Cell<bool>,
}

impl<H: Host> Stats<H> {
    pub(crate) fn new(host: H) -> Self {
        let counter = |name: &str| host.counter(name).ok();
        let events = Event::ALL.iter().map(|(_, name)| counter(name)).collect();
        let of = |outcome: &str, reason: &Reason| counter(&format!("fapi.{outcome}.{reason}"));
        let reasons = Reason::ALL
            .iter()
            .map(|reason| [of("refused", reason), of("reported", reason)])
            .collect();
        Self {
            debug: Cell::new(host.logs(Level::Debug)),
            events,
            reasons,
            host,
        }
    }

    /// Looks again at which lines are read: an operator can change that at any time.
    pub(crate) fn refresh(&self) {
        self.debug.set(self.host.logs(Level::Debug));
    }

    pub(crate) fn count(&self, event: Event) {
        let place = Event::ALL.iter().position(|(known, _)| *known == event);
        self.add(place.and_then(|place| *self.events.get(place)?));
    }

    pub(crate) fn accepted(&self, id: &str) {
        self.count(Event::Accepted);
        self.debug(id, "request accepted");
    }

    pub(crate) fn public(&self, id: &str) {
        self.count(Event::Public);
        self.debug(id, "request needs no token");
    }

    pub(crate) fn denied(&self, outcome: Outcome, reason: Reason, status: u16, id: &str) {
        let place = Reason::ALL.iter().position(|known| *known == reason);
        let counters = place.and_then(|place| self.reasons.get(place));
        self.add(counters.and_then(|[refused, reported]| match outcome {
            Outcome::Refused => *refused,
            Outcome::Reported => *reported,
        }));
        let (level, what) = match outcome {
            Outcome::Refused if status >= 500 => (Level::Warn, "request not decided"),
            Outcome::Refused => (Level::Info, "request refused"),
            Outcome::Reported => (Level::Info, "request would be refused"),
        };
        let line = format!("fapi: {what}: reason={reason} status={status} interaction_id={id}");
        self.host.log(level, &line);
    }

    fn debug(&self, id: &str, what: &str) {
        if self.debug.get() {
            let line = format!("fapi: {what}: interaction_id={id}");
            self.host.log(Level::Debug, &line);
        }
    }

    fn add(&self, counter: Option<u32>) {
        if let Some(counter) = counter {
            self.host.count(counter);
        }
    }
}
