//! Client assertions (RFC 7523 §2.2 and §3): `private_key_jwt` at an authorization server.

use std::fmt;

use jsonwebtoken::crypto::CryptoProvider;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::header::is_type;
use super::json::{Members, NotStrictJson, NumericDate, Text, read_object, take};
use super::sealed::{Seal, Unreadable};
use super::signature::BadSignature;
use super::{Algorithm, Thumbprint};
use crate::UnixTime;
use crate::dpop::ReplayKey;
use crate::keys::KeySet;

/// A client assertion with all that it needs, not yet believed in anything.
///
/// ```
/// use fapi_core::jose::{AssertionError, AssertionRules, UnverifiedAssertion, VerifiedAssertion};
/// use fapi_core::{KeySet, UnixTime};
/// use jsonwebtoken::crypto::CryptoProvider;
///
/// fn authenticate(
///     client_assertion: &str,
///     keys_of: impl Fn(&str) -> Option<KeySet>,
///     provider: &CryptoProvider,
///     now: UnixTime,
/// ) -> Result<VerifiedAssertion, AssertionError> {
///     let rules = AssertionRules {
///         audience: "https://as.example.com",
///         max_lifetime_seconds: 600,
///         future_seconds: 10,
///     };
///     let assertion = UnverifiedAssertion::parse(client_assertion)?;
///     let keys = keys_of(assertion.claimed_client_id()).ok_or(AssertionError::Signature)?;
///     assertion.verify(&keys, &rules, provider, now)
/// }
/// ```
#[derive(Debug)]
pub struct UnverifiedAssertion<'a> {
    seal: Seal<'a>,
    client_id: Box<str>,
    jti: Box<str>,
    audience: ClaimedAudience,
    expires: UnixTime,
    not_before: Option<UnixTime>,
    issued_at: Option<UnixTime>,
}

/// What an authorization server asks of assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssertionRules<'a> {
    /// The server's issuer identifier. `aud` must be this string (FAPI 2.0 Security Profile §5.3.2.1): an array that
    /// holds it is refused, the address of an endpoint too.
    pub audience: &'a str,
    /// How far ahead `exp` may lie, in seconds, and so for how long a `jti` must be remembered.
    pub max_lifetime_seconds: u32,
    /// How far ahead `iat` and `nbf` may lie, in seconds, because clocks differ; `exp` may lie ahead as much more.
    pub future_seconds: u32,
}

/// An assertion that its client signed for this server, within its time. The caller still has to look whether it was
/// used before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    client_id: Box<str>,
    jti: Box<str>,
    key: Thumbprint,
    expires: UnixTime,
    made_at: Option<UnixTime>,
}

/// Why an assertion authenticates nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionError {
    /// Larger than [`UnverifiedAssertion::MAX_BYTES`].
    TooLarge,
    /// Not a compact JWS of two JSON objects whose members have the right types, or one with `crit`.
    Malformed,
    /// `typ` names another kind of JWT (RFC 8725 §3.11).
    Type,
    /// `alg` is missing, or not an algorithm of FAPI 2.0.
    Algorithm,
    /// `iss`, `sub`, `aud`, `exp` or `jti` is missing or empty (RFC 7523 §3).
    MissingClaim,
    /// `iss` is not `sub`: a client vouches for itself alone (RFC 7523 §3).
    Issuer,
    /// `aud` is not the issuer identifier as a string.
    Audience,
    /// Past its `exp`.
    Expired,
    /// `exp` lies too far ahead.
    LivesTooLong,
    /// `iat` or `nbf` lies ahead.
    NotYetValid,
    /// No key of the client verifies the signature.
    Signature,
}

impl AssertionError {
    /// The code for logs, in lower case with underscores.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "assertion_too_large",
            Self::Malformed => "assertion_malformed",
            Self::Type => "assertion_type",
            Self::Algorithm => "assertion_algorithm",
            Self::MissingClaim => "assertion_missing_claim",
            Self::Issuer => "assertion_issuer",
            Self::Audience => "assertion_audience",
            Self::Expired => "assertion_expired",
            Self::LivesTooLong => "assertion_lives_too_long",
            Self::NotYetValid => "assertion_not_yet_valid",
            Self::Signature => "assertion_signature",
        }
    }
}

impl From<Unreadable> for AssertionError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Malformed => Self::Malformed,
            Unreadable::Type => Self::Type,
            Unreadable::Algorithm => Self::Algorithm,
        }
    }
}

impl fmt::Display for AssertionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for AssertionError {}

impl<'a> UnverifiedAssertion<'a> {
    /// The largest assertion, in bytes.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// Reads a `client_assertion`. Algorithm, `typ` and the presence of all claims are checked before anybody looks
    /// for a key.
    ///
    /// # Errors
    ///
    /// [`AssertionError`] says what cannot be read.
    pub fn parse(text: &'a str) -> Result<Self, AssertionError> {
        if text.len() > Self::MAX_BYTES {
            return Err(AssertionError::TooLarge);
        }
        let (seal, payload) = Seal::split(text, is_assertion_type)?;
        let mut claims = RawClaims::default();
        read_object(&payload, &mut claims).map_err(|NotStrictJson| AssertionError::Malformed)?;
        let client_id = nonempty(claims.sub)?;
        // RFC 7523 §3 items 1 and 2.B.
        if nonempty(claims.iss)? != client_id {
            return Err(AssertionError::Issuer);
        }
        Ok(Self {
            seal,
            client_id,
            jti: nonempty(claims.jti)?,
            audience: claims.aud.ok_or(AssertionError::MissingClaim)?,
            expires: claims.exp.ok_or(AssertionError::MissingClaim)?.0,
            not_before: claims.nbf.map(|nbf| nbf.0),
            issued_at: claims.iat.map(|iat| iat.0),
        })
    }

    /// The client that the assertion speaks for, to look up its keys. Anybody can write this.
    #[must_use]
    pub fn claimed_client_id(&self) -> &str {
        &self.client_id
    }

    /// The name of the key in its header, by which its keys are found.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.seal.kid()
    }

    /// The algorithm that its header names.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.seal.algorithm()
    }

    /// Checks the claims at `now`, then the signature with the client's keys.
    ///
    /// # Errors
    ///
    /// [`AssertionError`] says what is wrong.
    pub fn verify(
        self,
        keys: &KeySet,
        rules: &AssertionRules<'_>,
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<VerifiedAssertion, AssertionError> {
        match &self.audience {
            ClaimedAudience::One(audience) if **audience == *rules.audience => {}
            ClaimedAudience::One(_) | ClaimedAudience::Several => {
                return Err(AssertionError::Audience);
            }
        }
        let future = i64::from(rules.future_seconds);
        let lifetime = i64::from(rules.max_lifetime_seconds).saturating_add(future);
        if now >= self.expires {
            return Err(AssertionError::Expired);
        }
        if self.expires.since(now) > lifetime {
            return Err(AssertionError::LivesTooLong);
        }
        // FAPI 2.0 Security Profile §5.3.2.1: up to 10 s ahead is accepted.
        let ahead = |date: &UnixTime| date.since(now) > future;
        if self.not_before.as_ref().is_some_and(ahead) || self.issued_at.as_ref().is_some_and(ahead)
        {
            return Err(AssertionError::NotYetValid);
        }
        let key = self
            .seal
            .verify(keys, provider)
            .map_err(|BadSignature| AssertionError::Signature)?;
        Ok(VerifiedAssertion {
            client_id: self.client_id,
            jti: self.jti,
            key,
            expires: self.expires,
            made_at: self.issued_at.or(self.not_before),
        })
    }
}

impl VerifiedAssertion {
    /// The authenticated client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The assertion's name in a replay memory, apart from those of all proofs.
    #[must_use]
    pub fn replay_key(&self) -> ReplayKey {
        ReplayKey::new("client_assertion", &self.client_id, &self.key, &self.jti)
    }

    /// The thumbprint of the key that signed it.
    #[must_use]
    pub const fn key(&self) -> &Thumbprint {
        &self.key
    }

    /// Until when a replay memory must remember the assertion: it is accepted before this second.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// Its `iat`, else its `nbf`: an assertion from before a replay memory begins may have been used before.
    #[must_use]
    pub const fn made_at(&self) -> Option<UnixTime> {
        self.made_at
    }
}

/// Absent is the usual case. A request object or a DPoP proof of the same client, signed with the same key, must not
/// serve as an assertion, so other types are refused (RFC 8725 §3.11, RFC 9101 §10.8).
fn is_assertion_type(typ: &str) -> bool {
    is_type(typ, "JWT") || is_type(typ, "client-authentication+jwt")
}

fn nonempty(text: Option<Text<'_>>) -> Result<Box<str>, AssertionError> {
    match text {
        Some(text) if !text.0.is_empty() => Ok(text.0.into()),
        Some(_) | None => Err(AssertionError::MissingClaim),
    }
}

#[derive(Default)]
struct RawClaims<'de> {
    iss: Option<Text<'de>>,
    sub: Option<Text<'de>>,
    aud: Option<ClaimedAudience>,
    jti: Option<Text<'de>>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
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
            "jti" => take(&mut self.jti, map),
            "exp" => take(&mut self.exp, map),
            "nbf" => take(&mut self.nbf, map),
            "iat" => take(&mut self.iat, map),
            _ => Ok(None),
        }
    }
}

/// `aud`, with the difference between a string and an array kept.
#[derive(Debug)]
enum ClaimedAudience {
    One(Box<str>),
    Several,
}

impl<'de> Deserialize<'de> for ClaimedAudience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AudienceVisitor;
        impl<'de> Visitor<'de> for AudienceVisitor {
            type Value = ClaimedAudience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array")
            }

            fn visit_str<E>(self, one: &str) -> Result<ClaimedAudience, E> {
                Ok(ClaimedAudience::One(one.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ClaimedAudience, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(ClaimedAudience::Several)
            }
        }
        deserializer.deserialize_any(AudienceVisitor)
    }
}

#[cfg(test)]
mod tests;
