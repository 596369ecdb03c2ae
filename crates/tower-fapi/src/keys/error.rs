//! Why a fetch gave no keys.

use std::error::Error;
use std::fmt::{self, Write as _};

use fapi_core::KeySetError;

/// Why a fetch gave no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    /// What could not be fetched.
    pub document: Document,
    /// What was wrong.
    pub problem: FetchProblem,
}

/// What is fetched from an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Document {
    /// The metadata (RFC 8414 §3, OpenID Connect Discovery §4).
    Metadata,
    /// The key set (RFC 7517 §5).
    KeySet,
}

/// What is wrong with an answer, or with there being none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchProblem {
    /// It took longer than `http.timeout_ms`.
    Timeout,
    /// No connection, no TLS, or an exchange cut short. The text is for people; it holds no address.
    Transport(Box<str>),
    /// A redirect: they are not followed.
    Redirect,
    /// A status other than 200.
    Status(u16),
    /// A content type other than `application/json` and `application/…+json`, or none.
    ContentType,
    /// A content coding, which was not asked for.
    ContentCoding,
    /// More bytes than this limit.
    TooLarge(usize),
    /// The metadata are no JSON object with the strings `issuer` and `jwks_uri`, or have a member twice.
    Metadata,
    /// The metadata are of another issuer (RFC 8414 §3.3).
    OtherIssuer,
    /// The `jwks_uri` of the metadata is not an https address without user information and fragment.
    JwksUri,
    /// The key set cannot be used.
    KeySet(KeySetError),
    /// The fetch never ended: its runtime has stopped.
    Abandoned,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let document = match self.document {
            Document::Metadata => "metadata",
            Document::KeySet => "key set",
        };
        write!(f, "{document}: {}", self.problem)
    }
}

impl fmt::Display for FetchProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no complete answer in time"),
            Self::Transport(text) => f.write_str(text),
            Self::Redirect => f.write_str("a redirect, which is not followed"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::ContentType => f.write_str("the content type is not JSON"),
            Self::ContentCoding => f.write_str("a content coding that was not asked for"),
            Self::TooLarge(limit) => write!(f, "more than {limit} bytes"),
            Self::Metadata => {
                f.write_str("not a JSON object with the strings `issuer` and `jwks_uri`")
            }
            Self::OtherIssuer => f.write_str("`issuer` is not the configured one"),
            Self::JwksUri => {
                f.write_str("`jwks_uri` is not https, or has user information or a fragment")
            }
            Self::KeySet(error) => error.fmt(f),
            Self::Abandoned => f.write_str("the runtime stopped before the fetch had ended"),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            FetchProblem::KeySet(error) => Some(error),
            _ => None,
        }
    }
}

/// The text of an error and its causes on one line, without the address: that may hold a secret in its query.
pub(super) fn chain(error: reqwest::Error) -> Box<str> {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Nothing is wrong with a string that cannot be written to.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text.replace(char::is_control, " ").into()
}
