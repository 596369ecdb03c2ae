//! What the operator is told of a storage that fails.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the last verb went well: the operator is told of changes, not of each request.
#[derive(Debug, Default)]
pub(super) struct Health {
    failing: AtomicBool,
}

impl Health {
    pub(super) fn good(&self) {
        // Looked at first: a load costs the other threads nothing.
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the storage works again");
        }
    }

    pub(super) fn failed(&self, error: &(dyn Error + 'static)) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(error = %Causes(error), "the storage fails");
        }
    }
}

/// An error with all that it says it was caused by.
pub(super) struct Causes<'a>(pub(super) &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
