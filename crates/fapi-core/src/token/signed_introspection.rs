//! Signed introspection responses (RFC 9701 §5): a JWT around what an unsigned response says.

use std::borrow::Cow;
use std::fmt;

use jsonwebtoken::crypto::CryptoProvider;
use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::claims::{RawClaims, nonempty};
use crate::UnixTime;
use crate::jose::header::{SignedHeader, is_type};
use crate::jose::json::{Members, NotStrictJson, read_object, take};
use crate::jose::jws::{self, CompactJws};
use crate::jose::signature::BadSignature;
use crate::jose::{Algorithm, AlgorithmSet};
use crate::keys::KeySet;
use crate::policy::Audiences;

/// How old a response may be, in seconds: it was made for the question that we have just asked.
const MAX_AGE_SECONDS: i64 = 60;

/// What a response must say to be one for us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// The issuer that was asked, as the configuration names it.
    pub(crate) issuer: &'a str,
    /// What we are called as an audience: our `client_id` there, and our resource identifier.
    pub(crate) audiences: &'a Audiences,
    /// The algorithms that the issuer may sign with.
    pub(crate) algorithms: AlgorithmSet,
    pub(crate) now: UnixTime,
    /// How far ahead `iat` and `nbf` may lie, in seconds, because clocks differ.
    pub(crate) future: i64,
}

/// Why a signed response says nothing to us. None of this is the client's fault: of its token nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedIntrospectionError {
    /// Not a compact JWS of two JSON objects whose members have the right types, or one with `crit`.
    Malformed,
    /// `typ` is not `token-introspection+jwt`: another kind of JWT of this issuer.
    Type,
    /// `alg` is missing, or none that is allowed.
    Algorithm,
    /// `iss`, `aud`, `iat` or `token_introspection` is missing or empty.
    MissingClaim,
    /// `iss` is not the issuer that was asked.
    Issuer,
    /// `aud` does not name us.
    Audience,
    /// `iat` is more than a minute ago, or `exp` has passed.
    Stale,
    /// `iat` or `nbf` lies ahead.
    NotYetValid,
    /// No key of the issuer's set has the `kid`: perhaps the set is old.
    UnknownKid,
    /// No key of the issuer verifies the signature.
    Signature,
}

impl SignedIntrospectionError {
    /// The code for logs, in lower case with underscores.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "signed_introspection_malformed",
            Self::Type => "signed_introspection_type",
            Self::Algorithm => "signed_introspection_algorithm",
            Self::MissingClaim => "signed_introspection_missing_claim",
            Self::Issuer => "signed_introspection_issuer",
            Self::Audience => "signed_introspection_audience",
            Self::Stale => "signed_introspection_stale",
            Self::NotYetValid => "signed_introspection_not_yet_valid",
            Self::UnknownKid => "signed_introspection_unknown_kid",
            Self::Signature => "signed_introspection_signature",
        }
    }
}

impl fmt::Display for SignedIntrospectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for SignedIntrospectionError {}

/// Verifies a signed response and takes the `token_introspection` object out of it, as the issuer wrote it.
///
/// That text is as unread as the body of an unsigned response, and goes to the same reader
/// ([`introspection::read`](super::introspection::read)), which refuses members that stand twice.
///
/// The response does not name the token (RFC 9701 has no member for it): that it is about ours rests on the TLS
/// exchange that it came from.
pub(crate) fn open(
    jwt: &str,
    keys: &KeySet,
    provider: &CryptoProvider,
    expected: &Expected<'_>,
) -> Result<Box<str>, SignedIntrospectionError> {
    let jws = CompactJws::split(jwt).ok_or(SignedIntrospectionError::Malformed)?;
    let decode = |part| jws::decode(part).ok_or(SignedIntrospectionError::Malformed);
    let header = decode(jws.header)?;
    let header = Header::parse(&header, expected)?;
    let payload = decode(jws.payload)?;
    let answer = check_claims(&payload, expected)?;
    let signature = decode(jws.signature)?;
    let kid = header.kid.as_deref();
    if kid.is_some_and(|kid| !keys.has_kid(kid)) {
        return Err(SignedIntrospectionError::UnknownKid);
    }
    keys.verify(
        provider,
        kid,
        header.algorithm,
        jws.signing_input,
        &signature,
    )
    .map_err(|BadSignature| SignedIntrospectionError::Signature)?;
    Ok(answer.into())
}

/// The `kid` that a signed response names, before anything of it is believed: for a host that has to see to it that the
/// key set at hand has it. `None` where there is none, or no readable header.
pub(crate) fn claimed_kid(jwt: &str) -> Option<Box<str>> {
    let header = jws::decode(CompactJws::split(jwt)?.header)?;
    let mut raw = SignedHeader::default();
    read_object(&header, &mut raw).ok()?;
    raw.kid.map(|kid| kid.0.into())
}

struct Header<'a> {
    algorithm: Algorithm,
    kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    fn parse(json: &'a [u8], expected: &Expected<'_>) -> Result<Self, SignedIntrospectionError> {
        let mut raw = SignedHeader::default();
        read_object(json, &mut raw).map_err(|NotStrictJson| SignedIntrospectionError::Malformed)?;
        // RFC 9701 §5 and §8.1: the type keeps access tokens and ID tokens of the issuer from serving as answers.
        if !raw
            .typ
            .is_some_and(|typ| is_type(&typ.0, "token-introspection+jwt"))
        {
            return Err(SignedIntrospectionError::Type);
        }
        let algorithm = raw
            .alg
            .and_then(|alg| Algorithm::from_name(&alg.0))
            .filter(|algorithm| expected.algorithms.contains(*algorithm))
            .ok_or(SignedIntrospectionError::Algorithm)?;
        Ok(Self {
            algorithm,
            kid: raw.kid.map(|kid| kid.0),
        })
    }
}

#[derive(Default)]
struct Envelope<'de> {
    claims: RawClaims<'de>,
    answer: Option<&'de RawValue>,
}

impl<'de> Members<'de> for Envelope<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "token_introspection" => take(&mut self.answer, map),
            // About the JWT itself. What else stands here says nothing about the token.
            "iss" | "aud" | "iat" | "exp" | "nbf" => self.claims.member(name, map),
            // RFC 9701 §5: an issuer SHOULD NOT write `sub` and `exp` here, lest the response serve as an access
            // token. The type keeps them apart for us, so `sub` is ignored; `exp` has the meaning that each JWT gives
            // it (RFC 7519 §4.1.4). Refusing either would cost availability and gain nothing.
            _ => Ok(None),
        }
    }
}

/// Checks the envelope (RFC 9701 §5) and gives what is in it.
fn check_claims<'a>(
    payload: &'a [u8],
    expected: &Expected<'_>,
) -> Result<&'a str, SignedIntrospectionError> {
    let mut envelope = Envelope::default();
    read_object(payload, &mut envelope)
        .map_err(|NotStrictJson| SignedIntrospectionError::Malformed)?;
    let claims = &envelope.claims;
    let issuer = nonempty(&claims.iss).ok_or(SignedIntrospectionError::MissingClaim)?;
    let issued_at = claims.iat.ok_or(SignedIntrospectionError::MissingClaim)?.0;
    let audience = claims
        .aud
        .as_ref()
        .ok_or(SignedIntrospectionError::MissingClaim)?;
    let answer = envelope
        .answer
        .ok_or(SignedIntrospectionError::MissingClaim)?
        .get();
    if issuer != expected.issuer {
        return Err(SignedIntrospectionError::Issuer);
    }
    if !audience.names_one_of(expected.audiences) {
        return Err(SignedIntrospectionError::Audience);
    }
    let now = expected.now;
    let ahead = |time: UnixTime| time.since(now) > expected.future;
    if ahead(issued_at) || claims.nbf.is_some_and(|nbf| ahead(nbf.0)) {
        return Err(SignedIntrospectionError::NotYetValid);
    }
    let expired = claims.exp.is_some_and(|exp| now >= exp.0);
    if now.since(issued_at) > MAX_AGE_SECONDS || expired {
        return Err(SignedIntrospectionError::Stale);
    }
    // An object, not a string with an object's text.
    if !answer.starts_with('{') {
        return Err(SignedIntrospectionError::Malformed);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests;
