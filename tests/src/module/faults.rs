//! Calls of the host that fail.

use crate::random::Random;

/// Which calls fail, and how.
#[derive(Clone, Debug, Default)]
pub enum Faults {
    #[default]
    None,
    /// Each call of one import.
    Always { import: String, status: u32 },
    /// Calls of any import, one in so many.
    Now { one_in: usize, random: Random },
}

/// What Envoy answers to calls that fail: not found, bad argument, compare-and-swap mismatch, internal failure.
const STATUSES: [u32; 4] = [1, 2, 8, 10];

impl Faults {
    /// The statuses with which an import can fail. The SDK panics on others: those of a failing HTTP call are two, and a
    /// context that is told something is always there.
    #[must_use]
    pub fn statuses_of(import: &str) -> &'static [u32] {
        match import {
            "proxy_set_effective_context" => &[],
            "proxy_http_call" => &[2, 10],
            _ => &STATUSES,
        }
    }

    pub(super) fn of(&mut self, import: &str) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Always {
                import: failing,
                status,
            } => (*failing == import).then_some(*status),
            Self::Now { one_in, random } => {
                let statuses = Self::statuses_of(import);
                (!statuses.is_empty() && random.below(*one_in) == 0)
                    .then(|| *random.one_of(statuses))
            }
        }
    }
}
