//! What handlers receive.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use fapi_core::{PolicyError, Requirement, UnixTime};

use crate::drive::Clock;
use crate::report::Refusals;

/// Proof that the request carried a valid access token and that its sender is the one it was issued to.
///
/// The layer puts it among the request's extensions; with the feature `axum` it is an extractor. Nobody else can make
/// one. Its methods are those of [`fapi_core::Access`].
#[derive(Clone)]
pub struct Access {
    access: fapi_core::Access,
    clock: Arc<Clock>,
    refusals: Arc<Refusals>,
}

impl Access {
    pub(crate) const fn new(
        access: fapi_core::Access,
        clock: Arc<Clock>,
        refusals: Arc<Refusals>,
    ) -> Self {
        Self {
            access,
            clock,
            refusals,
        }
    }

    /// Where the layer that let the request in counts those it does not.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// The time by that layer's clock.
    pub(crate) fn now(&self) -> UnixTime {
        (self.clock)()
    }

    /// Whether the token has what is asked for, now.
    pub(crate) fn meets(&self, requirement: &Arc<Requirement>) -> Result<(), PolicyError> {
        self.access.require(requirement, self.now())
    }
}

impl Deref for Access {
    type Target = fapi_core::Access;

    fn deref(&self) -> &Self::Target {
        &self.access
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.access.fmt(f)
    }
}
