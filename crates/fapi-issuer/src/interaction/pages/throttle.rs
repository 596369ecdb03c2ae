//! Slows down whoever tries passwords.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use fapi_core::UnixTime;

/// Wrong passwords in a row after which a name has to wait.
const TRIES: u32 = 5;
/// How long, in seconds.
const WAIT_SECONDS: i64 = 30;
/// Names that are remembered. When there are more, those whose wait is over go first, then all: a flood of names costs its
/// sender a password check each.
const NAMES: usize = 10_000;

/// Wrong passwords by the name that they were tried for.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<Box<str>, Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: UnixTime,
}

impl Tries {
    fn is_over(&self, now: UnixTime) -> bool {
        now >= self.last.plus(WAIT_SECONDS)
    }
}

impl Throttle {
    /// Whether a password may be tried for this name. It counts as wrong until [`succeeded`](Self::succeeded) says
    /// otherwise, so that of many tries at once only the first few are let through.
    pub(super) fn begin(&self, name: &str, now: UnixTime) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES && !names.contains_key(name) {
            names.retain(|_, tries| !tries.is_over(now));
            if names.len() >= NAMES {
                names.clear();
            }
        }
        let tries = names.entry(name.into()).or_insert(Tries {
            wrong: 0,
            last: now,
        });
        if tries.is_over(now) {
            tries.wrong = 0;
        }
        if tries.wrong >= TRIES {
            return false;
        }
        *tries = Tries {
            wrong: tries.wrong.saturating_add(1),
            last: now,
        };
        true
    }

    pub(super) fn succeeded(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded() {
        let throttle = Throttle::default();
        let now = UnixTime::from_secs(0);
        for number in 0..NAMES * 2 + 5 {
            assert!(throttle.begin(&number.to_string(), now));
        }
        assert!(throttle.0.lock().unwrap().len() <= NAMES);
    }
}
