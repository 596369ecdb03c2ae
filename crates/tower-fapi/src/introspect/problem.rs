//! What goes wrong between us and an introspection endpoint, for the log.

use std::error::Error;
use std::fmt;

use fapi_crypto::KeyError;

/// Why there is no answer. Nothing decides on it but the log's level: all of it is 503.
#[derive(Debug)]
pub(super) enum Problem {
    /// The endpoint took too long.
    Timeout,
    /// No connection, or it broke.
    Transport(reqwest::Error),
    /// The endpoint sent us elsewhere.
    Redirect,
    /// Our own credentials do not do (RFC 7662 §2.3): 401 or 403.
    Credentials(u16),
    /// Another status than 200.
    Status(u16),
    /// No `Content-Type`, several, or another than the two.
    ContentType,
    /// A `Content-Encoding`, which we did not accept.
    ContentCoding,
    /// More bytes than this.
    TooLarge(usize),
    /// The body is not UTF-8.
    NotUtf8,
    /// No client assertion could be made.
    Assertion(KeyError),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("it took too long"),
            Self::Transport(error) => f.write_str(&chain(error)),
            Self::Redirect => f.write_str("it redirects"),
            Self::Credentials(status) | Self::Status(status) => write!(f, "status {status}"),
            Self::ContentType => f.write_str("not the content type of an introspection response"),
            Self::ContentCoding => f.write_str("it has a content coding"),
            Self::TooLarge(limit) => write!(f, "it has more than {limit} bytes"),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::Assertion(error) => write!(f, "no client assertion: {}", chain(error)),
        }
    }
}

impl From<reqwest::Error> for Problem {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_redirect() {
            Self::Redirect
        } else {
            Self::Transport(error.without_url())
        }
    }
}

/// An error and what caused it, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
