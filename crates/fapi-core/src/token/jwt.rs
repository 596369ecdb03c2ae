//! JWT access tokens (RFC 9068).

use std::borrow::Cow;

use jsonwebtoken::crypto::CryptoProvider;

use super::claims::{RawClaims, nonempty};
use super::{Confirmation, Scope, VerifiedToken};
use crate::UnixTime;
use crate::denial::TokenError;
use crate::jose::header::{SignedHeader, is_type};
use crate::jose::json::{NotStrictJson, read_object};
use crate::jose::jws::{self, CompactJws};
use crate::jose::{Algorithm, Thumbprint, signature};
use crate::keys::KeySet;
use crate::policy::{Audiences, Policy, TrustedIssuer};

/// What a token looks like, decided once: a JWT that is wrong stays a wrong JWT.
pub(crate) enum Form<'a> {
    /// Three base64url parts, the first of them a JSON object.
    Jwt(Jwt<'a>),
    Opaque,
}

/// A token of JWT form.
pub(crate) struct Jwt<'a> {
    jws: CompactJws<'a>,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

pub(crate) fn form(token: &str) -> Form<'_> {
    let Some(jws) = CompactJws::split(token) else {
        return Form::Opaque;
    };
    match (
        jws::decode(jws.header),
        jws::decode(jws.payload),
        jws::decode(jws.signature),
    ) {
        (Some(header), Some(payload), Some(signature)) if looks_like_json_object(&header) => {
            Form::Jwt(Jwt {
                jws,
                header,
                payload,
                signature,
            })
        }
        _ => Form::Opaque,
    }
}

/// An opaque token could by chance decode to something that begins with a brace; then it is refused as a bad JWT, which
/// is the safe side.
fn looks_like_json_object(octets: &[u8]) -> bool {
    octets.trim_ascii_start().first() == Some(&b'{')
}

/// A JWT whose claims would do, by its own word: its signature has not been verified.
pub(crate) struct UnverifiedToken<'p, 'a> {
    pub(crate) issuer: &'p TrustedIssuer,
    jwt: &'a Jwt<'a>,
    header: Header<'a>,
    token: VerifiedToken,
}

impl<'a> Jwt<'a> {
    /// Checks header and claims (RFC 9068 §4) before anything is spent on keys and signatures.
    pub(crate) fn check_claims<'p>(
        &'a self,
        policy: &'p Policy,
        audiences: &Audiences,
        now: UnixTime,
    ) -> Result<UnverifiedToken<'p, 'a>, TokenError> {
        let header = Header::parse(&self.header, policy)?;
        let mut claims = RawClaims::default();
        read_object(&self.payload, &mut claims).map_err(|NotStrictJson| TokenError::Malformed)?;
        // RFC 9068 §2.2: the required claims.
        let issuer = nonempty(&claims.iss).ok_or(TokenError::MissingClaim)?;
        let subject = nonempty(&claims.sub).ok_or(TokenError::MissingClaim)?;
        let client_id = nonempty(&claims.client_id).ok_or(TokenError::MissingClaim)?;
        let expires = claims.exp.ok_or(TokenError::MissingClaim)?.0;
        let issued_at = claims.iat.ok_or(TokenError::MissingClaim)?.0;
        nonempty(&claims.jti).ok_or(TokenError::MissingClaim)?;
        // RFC 9068 §4: the issuer exactly as configured.
        let issuer = policy.jwt_issuer(issuer).ok_or(TokenError::Issuer)?;
        let audience = claims.aud.as_ref().ok_or(TokenError::MissingClaim)?;
        if !audience.names_one_of(audiences) {
            return Err(TokenError::Audience);
        }
        let not_before = claims.nbf.map(|nbf| nbf.0);
        if issued_at.since(now) > policy.future() {
            return Err(TokenError::NotYetValid);
        }
        check_times(expires, not_before, policy, now)?;
        let confirmation = bound_to(&claims)?;
        let text = str::from_utf8(&self.payload).map_err(|_| TokenError::Malformed)?;
        Ok(UnverifiedToken {
            issuer,
            jwt: self,
            header,
            token: VerifiedToken {
                issuer: issuer.name(),
                subject: Some(subject.into()),
                client_id: Some(client_id.into()),
                scope: claims
                    .scope
                    .map_or_else(Scope::default, |scope| Scope::new(&scope.0)),
                confirmation,
                expires,
                not_before,
                claims: text.into(),
            },
        })
    }
}

/// What the issuer's keys say of a token.
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart at once; a box would cost every new token an allocation"
)]
pub(crate) enum Signed {
    /// Verified, by the key with this thumbprint.
    By(Thumbprint, VerifiedToken),
    /// No key of the set has the token's `kid`: perhaps the set is old.
    UnknownKid,
}

impl UnverifiedToken<'_, '_> {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Verifies the signature with the issuer's keys, never with a key that the token brings.
    pub(crate) fn verify(
        self,
        keys: &KeySet,
        provider: &CryptoProvider,
    ) -> Result<Signed, TokenError> {
        if self.kid().is_some_and(|kid| !keys.has_kid(kid)) {
            return Ok(Signed::UnknownKid);
        }
        let key = keys
            .verify(
                provider,
                self.kid(),
                self.header.algorithm,
                self.jwt.jws.signing_input,
                &self.jwt.signature,
            )
            .map_err(|signature::BadSignature| TokenError::Signature)?;
        Ok(Signed::By(key, self.token))
    }
}

/// Whether the token is valid at `now`, which changes while it sits in a cache.
pub(crate) fn check_times(
    expires: UnixTime,
    not_before: Option<UnixTime>,
    policy: &Policy,
    now: UnixTime,
) -> Result<(), TokenError> {
    // RFC 9068 §4: no leeway, the issuer chose the time.
    if now >= expires {
        return Err(TokenError::Expired);
    }
    if not_before.is_some_and(|nbf| nbf.since(now) > policy.future()) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

/// FAPI 2.0 Security Profile §5.3.4: a token that is bound to nothing is refused.
pub(crate) fn bound_to(claims: &RawClaims<'_>) -> Result<Confirmation, TokenError> {
    claims
        .cnf
        .as_ref()
        .and_then(|cnf| cnf.resolve())
        .ok_or(TokenError::NotBound)
}

struct Header<'a> {
    algorithm: Algorithm,
    kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    fn parse(json: &'a [u8], policy: &Policy) -> Result<Self, TokenError> {
        let mut raw = SignedHeader::default();
        read_object(json, &mut raw).map_err(|NotStrictJson| TokenError::Malformed)?;
        // RFC 9068 §4: the type keeps other JWTs of the issuer from serving as access tokens.
        if !raw.typ.is_some_and(|typ| is_type(&typ.0, "at+jwt")) {
            return Err(TokenError::Type);
        }
        let algorithm = raw
            .alg
            .and_then(|alg| Algorithm::from_name(&alg.0))
            .filter(|algorithm| policy.token_algorithms().contains(*algorithm))
            .ok_or(TokenError::Algorithm)?;
        Ok(Self {
            algorithm,
            kid: raw.kid.map(|kid| kid.0),
        })
    }
}
