//! Access tokens as they are made: JWTs (RFC 9068), or opaque ones with the same claims behind them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::token::Confirmation;
use fapi_crypto::{KeyError, random_bytes};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::grant::Grant;
use crate::storage::StorageError;

/// An access token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    token: String,
    lifetime_seconds: u32,
}

/// Why no token could be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum MintError {
    /// A further claim of the grant has the name of one that the issuer writes itself.
    ReservedClaim(String),
    /// Signing, or the system's randomness, failed.
    Key(KeyError),
    /// The claims of an opaque token could not be kept.
    Storage(StorageError),
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedClaim(name) => write!(f, "the issuer writes the claim {name:?} itself"),
            Self::Key(error) => error.fmt(f),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MintError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::ReservedClaim(_) => None,
            Self::Key(error) => Some(error),
            Self::Storage(error) => Some(error),
        }
    }
}

impl From<KeyError> for MintError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<StorageError> for MintError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl AccessToken {
    pub(crate) const fn new(token: String, lifetime_seconds: u32) -> Self {
        Self {
            token,
            lifetime_seconds,
        }
    }

    /// The token: a compact JWT, or `rt_` and 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.token
    }

    /// How long it is valid, in seconds.
    #[must_use]
    pub const fn expires_in_seconds(&self) -> u32 {
        self.lifetime_seconds
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("lifetime_seconds", &self.lifetime_seconds)
            .finish_non_exhaustive()
    }
}

/// What opaque tokens begin with, so that scanners for leaked secrets know them, and nobody mistakes one for a JWT.
const OPAQUE_PREFIX: &str = "rt_";
/// How long opaque tokens are, in bytes: the prefix and 256 bits in base64url.
const OPAQUE_LENGTH: usize = 46;

/// The type of JWT access tokens (RFC 9068 §2.1).
pub(crate) const JWT_TYPE: &str = "at+jwt";

/// A new opaque token.
pub(crate) fn opaque() -> Result<String, KeyError> {
    let mut token = OPAQUE_PREFIX.to_owned();
    URL_SAFE_NO_PAD.encode_string(random_bytes::<32>()?, &mut token);
    Ok(token)
}

/// Whether a text could be an opaque token.
pub(crate) fn looks_opaque(token: &str) -> bool {
    token.len() == OPAQUE_LENGTH && token.starts_with(OPAQUE_PREFIX)
}

/// The claims of every token, and the members that introspection answers have beside them (RFC 7662 §2.2).
const RESERVED: [&str; 11] = [
    "active",
    "token_type",
    "iss",
    "exp",
    "aud",
    "sub",
    "client_id",
    "iat",
    "jti",
    "scope",
    "cnf",
];

/// RFC 9068 §2.2, with `cnf` of RFC 7800 §3.1.
#[derive(Serialize)]
pub(crate) struct Claims<'a> {
    iss: &'a str,
    exp: i64,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    cnf: Cnf,
    #[serde(flatten)]
    further: &'a Map<String, Value>,
}

impl<'a> Claims<'a> {
    /// The claims of a token that is made now.
    pub(crate) fn new(
        issuer: &'a str,
        grant: &'a Grant,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<Self, MintError> {
        let is_reserved = |name: &&String| RESERVED.contains(&name.as_str());
        if let Some(name) = grant.claims.keys().find(is_reserved) {
            return Err(MintError::ReservedClaim(name.clone()));
        }
        Ok(Self {
            iss: issuer,
            exp: expires.as_secs(),
            aud: &grant.audience,
            sub: &grant.subject,
            client_id: &grant.client_id,
            iat: now.as_secs(),
            // FAPI 2.0 Security Profile §5.4.2: at least 128 bits.
            jti: URL_SAFE_NO_PAD.encode(random_bytes::<16>()?),
            scope: (!grant.scope.is_empty()).then(|| grant.scope.to_string()),
            cnf: Cnf::new(&grant.confirmation),
            further: &grant.claims,
        })
    }
}

#[derive(Serialize)]
struct Cnf {
    #[serde(skip_serializing_if = "Option::is_none")]
    jkt: Option<String>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

impl Cnf {
    fn new(confirmation: &Confirmation) -> Self {
        Self {
            jkt: confirmation.key().map(ToString::to_string),
            certificate: confirmation.certificate().map(ToString::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_tokens_have_one_shape() {
        let token = opaque().unwrap();
        assert!(looks_opaque(&token), "{token}");
        assert_ne!(token, opaque().unwrap());
        for other in [
            "",
            "rt_",
            "rt_x",
            "e30.e30.e30",
            &token.replace("rt_", "at_"),
        ] {
            assert!(!looks_opaque(other), "{other}");
        }
    }
}
