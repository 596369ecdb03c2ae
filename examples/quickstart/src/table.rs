//! The table that the program prints.

use std::fmt::Write as _;

use crate::cases::Case;
use crate::scene::Scene;
use crate::verdict::Verdict;

/// A request and what became of it.
pub struct Row {
    /// What was sent.
    pub case: &'static Case,
    /// What became of it.
    pub verdict: Verdict,
}

impl Row {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub async fn send(
        case: &'static Case,
        scene: &Scene,
        http: &reqwest::Client,
    ) -> Result<Self, reqwest::Error> {
        let attempt = (case.attempt)(scene);
        let verdict = attempt.send(http, &scene.url).await?;
        Ok(Self { case, verdict })
    }

    /// Whether the API judged rightly.
    pub fn is_as_expected(&self) -> bool {
        self.verdict == self.case.expected.verdict()
    }
}

/// One line a request, a sum, and another line wherever something else was expected.
pub fn render(rows: &[Row]) -> String {
    let mut table = line("what was sent", "status", "error code", "why");
    table += &line("-------------", "------", "----------", "---");
    for row in rows {
        let case = row.case;
        table += &verdict_line(case.sent, &row.verdict, case.why);
        if !row.is_as_expected() {
            table += &verdict_line("  WRONG, should be", &case.expected.verdict(), "");
        }
    }
    let right = rows.iter().filter(|row| row.is_as_expected()).count();
    // Writing to a string does not fail.
    let _ = writeln!(table, "\n{right} of {} judged rightly", rows.len());
    table
}

fn verdict_line(sent: &str, verdict: &Verdict, why: &str) -> String {
    let error = verdict.error.as_deref().unwrap_or("-");
    line(sent, &verdict.status.to_string(), error, why)
}

fn line(sent: &str, status: &str, error: &str, why: &str) -> String {
    let line = format!("{sent:<31} {status:<7} {error:<20} {why}");
    line.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    fn rows(verdict: impl Fn(&Case) -> Verdict) -> Vec<Row> {
        CASES
            .iter()
            .map(|case| Row {
                case,
                verdict: verdict(case),
            })
            .collect()
    }

    #[test]
    fn the_columns_stand_under_each_other_within_100_characters() {
        let table = render(&rows(|case| case.expected.verdict()));

        for line in table.lines().take(CASES.len() + 2) {
            assert!(line.len() <= 100, "{line}");
            for start in [32, 40, 61] {
                assert_eq!(line.as_bytes()[start - 1], b' ', "{line}");
                assert_ne!(line.as_bytes()[start], b' ', "{line}");
            }
        }
        let all = CASES.len();
        assert!(table.ends_with(&format!("\n{all} of {all} judged rightly\n")));
    }

    #[test]
    fn a_wrong_verdict_is_seen() {
        let table = render(&rows(|_| Verdict {
            status: 200,
            error: None,
        }));

        assert_eq!(table.matches("WRONG").count(), CASES.len() - 1);
        assert!(table.contains("  WRONG, should be              401     invalid_dpop_proof\n"));
        assert!(table.ends_with(&format!("\n1 of {} judged rightly\n", CASES.len())));
    }
}
