//! Signed request objects (RFC 9101): authorization requests that a client cannot deny (FAPI 2.0 Message Signing §5.3).

use std::fmt;

use jsonwebtoken::crypto::CryptoProvider;
use serde::de::MapAccess;
use serde_json::{Map, Value};

use super::Algorithm;
use super::header::is_type;
use super::json::{Members, NotStrictJson, NumericDate, Text, read_object, refuse, take};
use super::sealed::{Seal, Unreadable};
use super::signature::BadSignature;
use crate::UnixTime;
use crate::keys::KeySet;
use crate::token::claims::{Audience, nonempty};

/// A request object with all that it needs, not yet believed in anything.
///
/// ```
/// use fapi_core::jose::{RequestObjectError, RequestObjectRules, RequestParameters, UnverifiedRequestObject};
/// use fapi_core::{KeySet, UnixTime};
/// use jsonwebtoken::crypto::CryptoProvider;
///
/// fn read(
///     request: &str,
///     client_id: &str,
///     keys: &KeySet,
///     provider: &CryptoProvider,
///     now: UnixTime,
/// ) -> Result<RequestParameters, RequestObjectError> {
///     let rules = RequestObjectRules {
///         audience: "https://as.example.com",
///         client_id,
///         algorithm: None,
///         future_seconds: 10,
///     };
///     UnverifiedRequestObject::parse(request)?.verify(keys, &rules, provider, now)
/// }
/// ```
#[derive(Debug)]
pub struct UnverifiedRequestObject<'a> {
    seal: Seal<'a>,
    client_id: Box<str>,
    audience: Vec<Box<str>>,
    expires: UnixTime,
    not_before: UnixTime,
    issued_at: Option<UnixTime>,
    payload: Vec<u8>,
}

/// What an authorization server asks of request objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestObjectRules<'a> {
    /// The server's issuer identifier. `aud` must be this string, or an array that holds it (FAPI 2.0 Message Signing
    /// §5.3.1).
    pub audience: &'a str,
    /// The client that has authenticated. A request object of another one is refused (RFC 9101 §6.3).
    pub client_id: &'a str,
    /// The one algorithm that the client has registered, if it has (RFC 9101 §10.5).
    pub algorithm: Option<Algorithm>,
    /// How far ahead `nbf` and `iat` may lie, in seconds, because clocks differ.
    pub future_seconds: u32,
}

/// The parameters of an authorization request that its client has signed, as JSON values.
///
/// The claims that are the JWT's own (`iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`) are left out. What the parameters
/// mean has not been looked at, but for `client_id`.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestParameters(Map<String, Value>);

/// Why a request object is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestObjectError {
    /// Larger than [`UnverifiedRequestObject::MAX_BYTES`].
    TooLarge,
    /// Not a compact JWS of two JSON objects whose members have the right types, or one with `crit`.
    Malformed,
    /// `typ` names another kind of JWT (RFC 8725 §3.11).
    Type,
    /// `alg` is missing, not an algorithm of FAPI 2.0, or not the one that the client has registered.
    Algorithm,
    /// `client_id`, `aud`, `exp` or `nbf` is missing or empty.
    MissingClaim,
    /// `request` or `request_uri` stands in it (RFC 9101 §4).
    Nested,
    /// `client_id` or `iss` is not the client that has authenticated (RFC 9101 §6.3).
    Client,
    /// `sub` is the client, as in an assertion: this must not serve as one (RFC 9101 §10.8).
    Subject,
    /// `aud` does not name the issuer.
    Audience,
    /// Past its `exp`.
    Expired,
    /// `exp` is more than 60 minutes after `nbf`.
    LivesTooLong,
    /// `nbf` or `iat` lies ahead.
    NotYetValid,
    /// `nbf` is more than 60 minutes ago.
    TooOld,
    /// No key of the client verifies the signature.
    Signature,
}

impl RequestObjectError {
    /// The code for logs, in lower case with underscores.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "request_object_too_large",
            Self::Malformed => "request_object_malformed",
            Self::Type => "request_object_type",
            Self::Algorithm => "request_object_algorithm",
            Self::MissingClaim => "request_object_missing_claim",
            Self::Nested => "request_object_nested",
            Self::Client => "request_object_client",
            Self::Subject => "request_object_subject",
            Self::Audience => "request_object_audience",
            Self::Expired => "request_object_expired",
            Self::LivesTooLong => "request_object_lives_too_long",
            Self::NotYetValid => "request_object_not_yet_valid",
            Self::TooOld => "request_object_too_old",
            Self::Signature => "request_object_signature",
        }
    }
}

impl From<Unreadable> for RequestObjectError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Malformed => Self::Malformed,
            Unreadable::Type => Self::Type,
            Unreadable::Algorithm => Self::Algorithm,
        }
    }
}

impl fmt::Display for RequestObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for RequestObjectError {}

impl<'a> UnverifiedRequestObject<'a> {
    /// The largest request object, in bytes.
    pub const MAX_BYTES: usize = 32 * 1024;

    /// How long before now `nbf` may lie, and for how long after it `exp`, in seconds (FAPI 2.0 Message Signing §5.3.1).
    const MAX_AGE_SECONDS: i64 = 3600;

    /// Reads a `request`. Algorithm, `typ` and the presence of all claims are checked before anybody looks for a key.
    ///
    /// # Errors
    ///
    /// [`RequestObjectError`] says what cannot be read.
    pub fn parse(text: &'a str) -> Result<Self, RequestObjectError> {
        if text.len() > Self::MAX_BYTES {
            return Err(RequestObjectError::TooLarge);
        }
        let (seal, payload) = Seal::split(text, is_request_type)?;
        let mut claims = RawClaims::default();
        let read = read_object(&payload, &mut claims);
        // It stops the reading.
        if claims.nested {
            return Err(RequestObjectError::Nested);
        }
        read.map_err(|NotStrictJson| RequestObjectError::Malformed)?;
        let client_id = nonempty(&claims.client_id).ok_or(RequestObjectError::MissingClaim)?;
        // RFC 9101 §4 says that `iss` should be there: if it is, it speaks for nobody else.
        if claims.iss.is_some_and(|iss| *iss.0 != *client_id) {
            return Err(RequestObjectError::Client);
        }
        if claims.sub.is_some_and(|sub| *sub.0 == *client_id) {
            return Err(RequestObjectError::Subject);
        }
        let client_id = client_id.into();
        let audience = claims.aud.ok_or(RequestObjectError::MissingClaim)?;
        let (audience, issued_at) = (audience.into_names(), claims.iat.map(|iat| iat.0));
        // FAPI 2.0 Message Signing §5.3.1: both are required.
        let date = |date: Option<NumericDate>| date.ok_or(RequestObjectError::MissingClaim);
        let (expires, not_before) = (date(claims.exp)?.0, date(claims.nbf)?.0);
        Ok(Self {
            seal,
            client_id,
            audience,
            expires,
            not_before,
            issued_at,
            payload,
        })
    }

    /// The client that the request claims to be from. Anybody can write this.
    #[must_use]
    pub fn claimed_client_id(&self) -> &str {
        &self.client_id
    }

    /// The name of the key in its header, by which its keys are found.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.seal.kid()
    }

    /// Checks the claims at `now`, then the signature with the client's keys.
    ///
    /// # Errors
    ///
    /// [`RequestObjectError`] says what is wrong.
    pub fn verify(
        self,
        keys: &KeySet,
        rules: &RequestObjectRules<'_>,
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<RequestParameters, RequestObjectError> {
        if rules
            .algorithm
            .is_some_and(|only| only != self.seal.algorithm())
        {
            return Err(RequestObjectError::Algorithm);
        }
        if *self.client_id != *rules.client_id {
            return Err(RequestObjectError::Client);
        }
        if !self.audience.iter().any(|named| **named == *rules.audience) {
            return Err(RequestObjectError::Audience);
        }
        self.check_dates(rules, now)?;
        self.seal
            .verify(keys, provider)
            .map_err(|BadSignature| RequestObjectError::Signature)?;
        // The strict reading before has seen that no member stands there twice.
        let mut parameters: Map<String, Value> =
            serde_json::from_slice(&self.payload).map_err(|_| RequestObjectError::Malformed)?;
        parameters.retain(|name, _| !OWN_CLAIMS.contains(&&**name));
        Ok(RequestParameters(parameters))
    }

    fn check_dates(
        &self,
        rules: &RequestObjectRules<'_>,
        now: UnixTime,
    ) -> Result<(), RequestObjectError> {
        if now >= self.expires {
            return Err(RequestObjectError::Expired);
        }
        if now.since(self.not_before) > Self::MAX_AGE_SECONDS {
            return Err(RequestObjectError::TooOld);
        }
        if self.expires.since(self.not_before) > Self::MAX_AGE_SECONDS {
            return Err(RequestObjectError::LivesTooLong);
        }
        // FAPI 2.0 Security Profile §5.3.2.1: up to 10 s ahead is accepted.
        let ahead = |date: UnixTime| date.since(now) > rules.future_seconds.into();
        if ahead(self.not_before) || self.issued_at.is_some_and(ahead) {
            return Err(RequestObjectError::NotYetValid);
        }
        Ok(())
    }
}

impl RequestParameters {
    /// The parameters by name.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// The claims of RFC 7519 §4.1.
const OWN_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The type is recommended, not required (RFC 9101 §10.8, FAPI 2.0 Message Signing §5.3.1), and many clients write none or
/// `JWT` (RFC 7519 §5.1). An assertion without one does not pass for a request: `sub` is the client there.
fn is_request_type(typ: &str) -> bool {
    is_type(typ, "oauth-authz-req+jwt") || is_type(typ, "JWT")
}

#[derive(Default)]
struct RawClaims<'de> {
    iss: Option<Text<'de>>,
    sub: Option<Text<'de>>,
    aud: Option<Audience<'de>>,
    client_id: Option<Text<'de>>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    nested: bool,
}

impl<'de> Members<'de> for RawClaims<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "iss" => take(&mut self.iss, map),
            "sub" => take(&mut self.sub, map),
            "aud" => take(&mut self.aud, map),
            "client_id" => take(&mut self.client_id, map),
            "exp" => take(&mut self.exp, map),
            "nbf" => take(&mut self.nbf, map),
            "iat" => take(&mut self.iat, map),
            "request" | "request_uri" => {
                self.nested = true;
                refuse(map)
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
