//! What the API made of a request.

use reqwest::Response;
use reqwest::header::WWW_AUTHENTICATE;

/// The status and, where the API gave one, the error code of its challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The HTTP status.
    pub status: u16,
    /// The error code (RFC 6750 §3.1, RFC 9449 §7.1).
    pub error: Option<String>,
}

impl Verdict {
    /// Reads it off a response.
    pub fn of(response: &Response) -> Self {
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        Self {
            status: response.status().as_u16(),
            error: challenge
                .and_then(|value| value.to_str().ok())
                .and_then(error_code)
                .map(str::to_owned),
        }
    }
}

/// The value of `error` in a challenge such as `DPoP error="invalid_token", algs="ES256"`.
fn error_code(challenge: &str) -> Option<&str> {
    let (_, rest) = challenge.split_once("error=\"")?;
    let (code, _) = rest.split_once('"')?;
    Some(code)
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
}
