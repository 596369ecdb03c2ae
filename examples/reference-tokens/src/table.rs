//! The table that the program prints.

use reqwest::Response;
use reqwest::header::WWW_AUTHENTICATE;

/// What the API made of a request, and how often it asked the issuer about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    /// The error code of the challenge, if there is one (RFC 6750 §3).
    pub(crate) error: Option<String>,
    pub(crate) questions: usize,
}

impl Outcome {
    pub(crate) fn expected(status: u16, error: Option<&str>, questions: usize) -> Self {
        Self {
            status,
            error: error.map(str::to_owned),
            questions,
        }
    }

    /// Reads it off a response.
    pub(crate) fn of(response: &Response, questions: usize) -> Self {
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        let error = challenge
            .and_then(|value| value.to_str().ok())
            .and_then(error_code);
        Self::expected(response.status().as_u16(), error, questions)
    }
}

/// The value of `error` in a challenge such as `DPoP error="invalid_token", algs="ES256"`.
fn error_code(challenge: &str) -> Option<&str> {
    let (_, rest) = challenge.split_once("error=\"")?;
    let (code, _) = rest.split_once('"')?;
    Some(code)
}

/// Prints lines and counts those that are not as they should be.
pub(crate) struct Table {
    wrong: usize,
}

impl Table {
    pub(crate) fn begin() -> Self {
        println!(
            "{}",
            line("GET /accounts with", "status", "error code", "questions")
        );
        Self { wrong: 0 }
    }

    pub(crate) fn row(&mut self, what: &str, seen: &Outcome, expected: &Outcome) {
        println!("{}", outcome(what, seen));
        if seen != expected {
            self.wrong = self.wrong.saturating_add(1);
            println!("{}", outcome("  WRONG, should be", expected));
        }
    }

    pub(crate) const fn is_right(&self) -> bool {
        self.wrong == 0
    }
}

fn outcome(what: &str, outcome: &Outcome) -> String {
    let error = outcome.error.as_deref().unwrap_or("-");
    let (status, questions) = (outcome.status.to_string(), outcome.questions.to_string());
    line(what, &status, error, &questions)
}

fn line(what: &str, status: &str, error: &str, questions: &str) -> String {
    format!("{what:<40} {status:<7} {error:<19} {questions}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_challenge_with_an_error_has_a_code() {
        let with = r#"DPoP error="invalid_token", error_description="…", algs="ES256""#;
        assert_eq!(error_code(with), Some("invalid_token"));
        assert_eq!(error_code(r#"DPoP algs="ES256""#), None);
    }

    #[test]
    fn a_wrong_outcome_is_counted() {
        let mut table = Table::begin();
        let accepted = Outcome::expected(200, None, 1);
        table.row("right", &accepted, &accepted);
        assert!(table.is_right());
        table.row("wrong", &accepted, &Outcome::expected(200, None, 0));
        assert!(!table.is_right());
    }
}
