//! The table that the program prints.

use std::fmt::Write as _;

use crate::cases::{Case, Verdict};

/// One line a request, a sum, and another line wherever something else was expected.
pub(crate) fn render(rows: &[(Case, Verdict)]) -> String {
    let mut table = line("what was sent", "status", "error code");
    table += &line("-------------", "------", "----------");
    let mut right = 0_usize;
    for (case, verdict) in rows {
        table += &verdict_line(case.sent, verdict);
        if *verdict == case.expected {
            right = right.saturating_add(1);
        } else {
            table += &verdict_line("  WRONG, should be", &case.expected);
        }
    }
    // Writing to a string does not fail.
    let _ = writeln!(table, "\n{right} of {} judged rightly", rows.len());
    table
}

fn verdict_line(sent: &str, verdict: &Verdict) -> String {
    let error = verdict.error.as_deref().unwrap_or("-");
    line(sent, &verdict.status.to_string(), error)
}

fn line(sent: &str, status: &str, error: &str) -> String {
    format!("{sent:<40} {status:<7} {error}\n")
}
