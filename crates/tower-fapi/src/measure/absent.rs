//! What the crate calls where nothing is measured. The compiler leaves nothing of it.

use fapi_core::UnixTime;
use fapi_core::dpop::ReplayWindow;

use super::{Decision, Introspection, KeyFetch, Replay, Saved};

pub(crate) const fn describe() {}

pub(crate) const fn decided(_decision: Decision, _since: Stopwatch) {}

/// As [`decided`], by a requirement in code.
pub(crate) const fn required(_decision: Decision) {}

pub(crate) const fn replay(_outcome: Replay) {}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch;

impl Stopwatch {
    pub(crate) const fn start() -> Self {
        Self
    }
}

#[derive(Debug)]
pub(crate) struct KeyFetches;

impl KeyFetches {
    pub(crate) const fn new(_issuer: &str) -> Self {
        Self
    }

    pub(crate) const fn count(&self, _outcome: KeyFetch) {}
}

#[derive(Debug)]
pub(crate) struct Introspections;

impl Introspections {
    pub(crate) const fn new(_issuer: &str) -> Self {
        Self
    }

    pub(crate) const fn count(&self, _outcome: Introspection) {}

    pub(crate) const fn asked(&self, _outcome: Introspection, _since: Stopwatch) {}

    pub(crate) const fn saved(&self, _how: Saved) {}
}

#[derive(Debug)]
pub(crate) struct Occupancy;

impl Occupancy {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn read(
        &mut self,
        _window: &ReplayWindow,
        _now: UnixTime,
    ) -> Option<Occupied> {
        None
    }
}

/// There is none.
pub(crate) enum Occupied {}

impl Occupied {
    pub(crate) const fn tell(self) {
        match self {}
    }
}
