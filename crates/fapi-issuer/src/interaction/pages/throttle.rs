//! Slows down whoever tries passwords.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use fapi_core::UnixTime;

/// Wrong passwords in a row after which a name has to wait.
const TRIES: u32 = 5;
/// How long, in seconds.
const WAIT_SECONDS: i64 = 30;
/// Names that are remembered. When there are more, those whose wait is over go first, then all: a flood of names costs its
/// sender a password check each.
const NAMES: usize = 10_000;

/// Names whose passwords are checked one after the other.
const TURNS: usize = 64;

/// Wrong passwords by the name that they were tried for.
pub(super) struct Throttle {
    names: Mutex<HashMap<Box<str>, Tries>>,
    turns: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
}

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

impl Default for Throttle {
    fn default() -> Self {
        Self {
            names: Mutex::default(),
            turns: std::iter::repeat_with(Default::default)
                .take(TURNS)
                .collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Throttle {
    /// Waits until nobody else tries this name, so that of many tries at once the sixth sees how the first five ended.
    /// What comes back is the turn, for as long as it is kept.
    pub(super) async fn turn(&self, name: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.hasher.hash_one(name) & 0xffff).unwrap_or_default();
        let turn = self.turns.get(hash.checked_rem(TURNS)?)?;
        Some(turn.lock().await)
    }

    /// Whether a password may be tried for this name.
    pub(super) fn lets(&self, name: &str, now: UnixTime) -> bool {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .get(name)
            .is_none_or(|tries| tries.wrong < TRIES || tries.is_over(now))
    }

    pub(super) fn failed(&self, name: &str, now: UnixTime) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.retain(|_, tries| !tries.is_over(now));
        }
        if names.len() >= NAMES {
            names.clear();
        }
        let tries = names.entry(name.into()).or_insert(Tries {
            wrong: 0,
            last: now,
        });
        let before = if tries.is_over(now) { 0 } else { tries.wrong };
        *tries = Tries {
            wrong: before.saturating_add(1),
            last: now,
        };
    }

    pub(super) fn succeeded(&self, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
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
            throttle.failed(&number.to_string(), now);
        }
        assert!(throttle.names.lock().unwrap().len() <= NAMES);
    }
}
