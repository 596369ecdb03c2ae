//! What came out.

use std::fmt;

use super::{ROWS, Who};
use crate::bench::{Measured, machine, median};

/// The medians of all rounds, as a table in Markdown.
#[derive(Clone, Debug)]
pub struct Table {
    lines: Vec<Line>,
    about: String,
}

#[derive(Clone, Debug)]
struct Line {
    name: &'static str,
    per_second: f64,
    /// To theirs with the same format of tokens, within a round.
    faster: f64,
    microseconds: f64,
    /// How much more theirs uses.
    cheaper: f64,
}

impl Table {
    pub(super) fn new(rounds: &[[Measured; ROWS.len()]]) -> Self {
        let over_rounds = |of: &dyn Fn(&[Measured]) -> f64| {
            median(rounds.iter().map(|round| of(round.as_slice())))
        };
        let used = |measured: &Measured| measured.microseconds().unwrap_or(f64::NAN);
        let lines = ROWS.iter().enumerate().map(|(place, row)| {
            let same = |other: &super::Row| other.tokens == row.tokens && other.who == Who::Theirs;
            let theirs = ROWS.iter().position(same).expect("theirs");
            Line {
                name: row.name,
                per_second: over_rounds(&|round| round[place].per_second()),
                faster: over_rounds(&|round| {
                    round[place].per_second() / round[theirs].per_second()
                }),
                microseconds: over_rounds(&|round| used(&round[place])),
                cheaper: over_rounds(&|round| used(&round[theirs]) / used(&round[place])),
            }
        });
        let requests = rounds.first().map_or(0, |round| round[0].requests);
        Self {
            lines: lines.collect(),
            about: format!(
                "One core for the server; {}; medians of {} rounds of {requests} requests.",
                machine(),
                rounds.len(),
            ),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | tokens/s | ÷ oidc-provider | µs of the core a token | oidc-provider ÷ these |"
        )?;
        writeln!(f, "|---|--:|--:|--:|--:|")?;
        for line in &self.lines {
            writeln!(
                f,
                "| {} | {:.0} | {:.2} | {:.0} | {:.2} |",
                line.name, line.per_second, line.faster, line.microseconds, line.cheaper
            )?;
        }
        writeln!(f, "\n{}", self.about)
    }
}
