//! Access tokens (RFC 9068).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::token::Confirmation;
use fapi_crypto::{KeyError, random_bytes};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::grant::Grant;
use crate::keys::KeyRing;

/// A signed access token. `Debug` does not show it.
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
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedClaim(name) => write!(f, "the issuer writes the claim {name:?} itself"),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MintError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::ReservedClaim(_) => None,
            Self::Key(error) => Some(error),
        }
    }
}

impl From<KeyError> for MintError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl AccessToken {
    /// The token, a compact JWT.
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

pub(crate) fn mint(
    keys: &KeyRing,
    issuer: &str,
    lifetime_seconds: u32,
    grant: &Grant,
    now: UnixTime,
) -> Result<AccessToken, MintError> {
    if let Some(name) = grant
        .claims
        .keys()
        .find(|name| RESERVED.contains(&name.as_str()))
    {
        return Err(MintError::ReservedClaim(name.clone()));
    }
    let claims = Claims {
        iss: issuer,
        exp: now.plus(lifetime_seconds.into()).as_secs(),
        aud: &grant.audience,
        sub: &grant.subject,
        client_id: &grant.client_id,
        iat: now.as_secs(),
        // FAPI 2.0 Security Profile §5.4.2: at least 128 bits.
        jti: URL_SAFE_NO_PAD.encode(random_bytes::<16>()?),
        scope: (!grant.scope.is_empty()).then(|| grant.scope.to_string()),
        cnf: Cnf::new(&grant.confirmation),
        further: &grant.claims,
    };
    Ok(AccessToken {
        token: keys.current().sign_jwt("at+jwt", &claims)?,
        lifetime_seconds,
    })
}

const RESERVED: [&str; 9] = [
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
struct Claims<'a> {
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
