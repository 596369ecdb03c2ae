//! What the API answered.

use reqwest::Response;
use reqwest::header::WWW_AUTHENTICATE;

/// The status and, where the API gave one, the challenge (RFC 9110 §11.6.1).
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    challenge: Option<String>,
}

impl Answer {
    /// Reads it off a response.
    pub(crate) fn of(response: &Response) -> Self {
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        Self {
            status: response.status().as_u16(),
            challenge: challenge
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        }
    }

    /// The value of a parameter of the challenge, such as `error` in `DPoP error="invalid_token", algs="ES256"`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, parameters) = self.challenge.as_deref()?.split_once(' ')?;
        parameters.split(", ").find_map(|parameter| {
            let value = parameter.strip_prefix(name)?.strip_prefix("=\"")?;
            value.strip_suffix('"')
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        let answer = Answer {
            status: 403,
            challenge: Some(r#"DPoP error="insufficient_scope", scope="a b""#.to_owned()),
        };
        assert_eq!(answer.parameter("error"), Some("insufficient_scope"));
        assert_eq!(answer.parameter("scope"), Some("a b"));
        assert_eq!(answer.parameter("err"), None);
    }
}
