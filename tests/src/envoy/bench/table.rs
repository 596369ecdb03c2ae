//! What came out.

use std::fmt;

use crate::bench::{Measured, machine, median};

/// The medians of all rounds, as a table in Markdown.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Line>,
    about: String,
}

#[derive(Clone, Debug)]
struct Line {
    name: &'static str,
    per_second: f64,
    /// To the first row, and to the second.
    ratios: [f64; 2],
    /// Of the core, and what the second row's are of them.
    microseconds: Option<[f64; 2]>,
}

impl Table {
    pub(super) fn new<const ROWS: usize>(
        names: [&'static str; ROWS],
        rounds: &[Vec<Measured>],
        version: &str,
    ) -> Self {
        let over_rounds =
            |of: &dyn Fn(&[Measured]) -> f64| median(rounds.iter().map(|round| of(round)));
        let used = |row: usize| {
            let rounds = rounds.iter().map(|round| round[row].microseconds());
            rounds.collect::<Option<Vec<f64>>>()
        };
        let lines = names.into_iter().enumerate().map(|(row, name)| Line {
            name,
            per_second: over_rounds(&|round| round[row].per_second()),
            ratios: [0, 1].map(|reference: usize| {
                over_rounds(&|round| round[row].per_second() / round[reference].per_second())
            }),
            microseconds: used(row).zip(used(1)).map(|(own, jwt)| {
                let ratios = own.iter().zip(&jwt).map(|(own, jwt)| jwt / own);
                [median(own.iter().copied()), median(ratios)]
            }),
        });
        let requests = rounds.first().and_then(|round| round.first());
        Self {
            rows: lines.collect(),
            about: format!(
                "Envoy {version}, one worker on one core; {}; medians of {} rounds of {} requests.",
                machine(),
                rounds.len(),
                requests.map_or(0, |first| first.requests),
            ),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | requests/s | ÷ no filter | ÷ `jwt_authn` | µs of the core a request | ÷ `jwt_authn` by these |"
        )?;
        writeln!(f, "|---|--:|--:|--:|--:|--:|")?;
        for Line {
            name,
            per_second,
            ratios: [plain, jwt],
            microseconds,
        } in &self.rows
        {
            write!(f, "| {name} | {per_second:.0} | {plain:.2} | {jwt:.2} |")?;
            match microseconds {
                Some([used, ratio]) => writeln!(f, " {used:.1} | {ratio:.2} |")?,
                // Of an Envoy in a container nobody knows.
                None => writeln!(f, " | |")?,
            }
        }
        writeln!(f, "\n{}", self.about)
    }
}
