//! So many log lines a second of one kind: whoever may send requests must not be able to fill the disk.

use std::sync::{Mutex, PoisonError};

use fapi_core::UnixTime;

/// How many lines of one kind are written in one second.
pub(crate) const LINES_PER_SECOND: u64 = 10;

/// Counts the lines of one kind.
#[derive(Debug)]
pub(crate) struct Throttle(Mutex<Second>);

/// One second of the layer's clock.
#[derive(Debug)]
struct Second {
    time: UnixTime,
    lines: u64,
}

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Write {
        /// How many were left out before it, in an earlier second, and not told yet.
        left_out: u64,
    },
    LeaveOut,
}

impl Throttle {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Second {
            time: UnixTime::from_secs(0),
            lines: 0,
        }))
    }

    /// Asks about a line that would be written now.
    pub(crate) fn line(&self, now: UnixTime) -> Line {
        // Only a count, whole after each statement.
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        // A clock that goes back begins another second too.
        if second.time != now {
            left_out = second.lines.saturating_sub(LINES_PER_SECOND);
            *second = Second {
                time: now,
                lines: 0,
            };
        }
        second.lines = second.lines.saturating_add(1);
        if second.lines > LINES_PER_SECOND {
            Line::LeaveOut
        } else {
            Line::Write { left_out }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn written(throttle: &Throttle, attempts: u64, now: UnixTime) -> u64 {
        let lines = (0..attempts).map(|_| throttle.line(now));
        let written = lines.filter(|line| matches!(line, Line::Write { .. }));
        written.count().try_into().unwrap()
    }

    #[test]
    fn a_second_has_so_many_lines_and_the_next_tells_of_the_others() {
        let throttle = Throttle::new();
        assert_eq!(written(&throttle, 1000, NOW), LINES_PER_SECOND);
        let left_out = 1000 - LINES_PER_SECOND;
        assert_eq!(throttle.line(NOW.plus(1)), Line::Write { left_out });
        assert_eq!(throttle.line(NOW.plus(1)), Line::Write { left_out: 0 });
        // Whenever that next second is.
        assert_eq!(written(&throttle, 20, NOW.plus(2)), LINES_PER_SECOND);
        let left_out = 20 - LINES_PER_SECOND;
        assert_eq!(throttle.line(NOW.plus(9000)), Line::Write { left_out });
    }

    #[test]
    fn few_lines_are_all_written() {
        let throttle = Throttle::new();
        for second in 0..100 {
            assert_eq!(
                written(&throttle, LINES_PER_SECOND, NOW.plus(second)),
                LINES_PER_SECOND
            );
            assert_eq!(
                throttle.line(NOW.plus(second + 1000)),
                Line::Write { left_out: 0 }
            );
        }
    }

    #[test]
    fn a_clock_that_goes_back_silences_nothing() {
        let throttle = Throttle::new();
        written(&throttle, 100, NOW);
        assert_eq!(written(&throttle, 1, NOW.plus(-3600)), 1);
    }
}
