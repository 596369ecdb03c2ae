//! DPoP proofs (RFC 9449 §4): parsed into complete types, then checked against the request.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::CryptoProvider;
use serde::de::MapAccess;
use sha2::{Digest as _, Sha256};

use super::nonce::NonceCheck;
use super::{Epoch, Nonce, NonceKeys, TargetUri};
use crate::UnixTime;
use crate::config;
use crate::denial::{Denial, NonceProblem, ProofError};
use crate::jose::header::is_type;
use crate::jose::json::{
    Members, NotStrictJson, NumericDate, Object, Text, read_object, refuse, take,
};
use crate::jose::jwk::Jwk;
use crate::jose::jws::{self, Buffer, CompactJws};
use crate::jose::{Algorithm, AlgorithmSet, PublicKey, Thumbprint, signature};
use crate::request::FieldLines;

/// The largest proof, in bytes.
pub(crate) const MAX_PROOF: usize = 8 * 1024;

/// What is asked of a proof, apart from the request that it is for.
#[derive(Clone, Debug)]
pub(crate) struct ProofRules {
    pub(crate) algorithms: AlgorithmSet,
    /// Seconds that `iat` may lie behind.
    pub(crate) max_age: i64,
    /// Seconds that `iat`, `nbf` and a nonce's time may lie ahead.
    pub(crate) future: i64,
    pub(crate) nonces: NonceRule,
    /// Seconds that a nonce may be used.
    pub(crate) nonce_lifetime: i64,
    pub(crate) after_restart: AfterRestart,
}

impl ProofRules {
    pub(crate) fn new(config: &config::DpopConfig) -> Self {
        Self {
            algorithms: config.algs.iter().map(|name| name.algorithm()).collect(),
            max_age: config.max_age_seconds.into(),
            future: config.future_seconds.into(),
            nonces: match config.nonce.mode {
                config::NonceMode::Off => NonceRule::Optional,
                config::NonceMode::Required => NonceRule::Required,
            },
            nonce_lifetime: config.nonce.lifetime_seconds.into(),
            after_restart: match config.replay.after_restart {
                config::AfterRestart::Challenge => AfterRestart::Challenge,
                config::AfterRestart::Accept => AfterRestart::Accept,
            },
        }
    }

    /// Seconds for which a store must remember an accepted proof, at most.
    pub(crate) fn replay_lifetime(&self) -> i64 {
        // With nonces off a client may still have one, from a challenge after a restart.
        self.max_age
            .max(self.nonce_lifetime)
            .saturating_add(self.future.saturating_mul(2))
    }
}

/// Whether a proof must have a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonceRule {
    /// Only where `iat` alone cannot show that a proof is new.
    Optional,
    Required,
}

/// What happens to proofs from before the replay store's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterRestart {
    Challenge,
    Accept,
}

/// The access token's hash as `ath` spells it (RFC 9449 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenHash {
    digest: [u8; 32],
}

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        Self {
            digest: Sha256::digest(token).into(),
        }
    }

    pub(crate) const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    fn is(&self, ath: &str) -> bool {
        let mut text = [0; 43];
        // As text: base64url of other spelling is another value.
        URL_SAFE_NO_PAD.encode_slice(self.digest, &mut text) == Ok(43) && ath.as_bytes() == text
    }
}

/// What a proof is compared with.
pub(crate) struct Expected<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: TargetUri<'a>,
    /// The token that it must name; `None` at a token endpoint, where there is none yet (RFC 9449 §5).
    pub(crate) token: Option<&'a TokenHash>,
}

/// A proof that fits the request, by its own word: its signature has not been verified.
pub(crate) struct UnsignedProof<'a> {
    algorithm: Algorithm,
    key: PublicKey,
    jti: Cow<'a, str>,
    freshness: Freshness,
    expires: Option<UnixTime>,
    epoch: Option<Epoch>,
    signing_input: Cow<'a, str>,
    signature: Vec<u8>,
}

/// A proof whose signature verified.
#[derive(Debug)]
pub(crate) struct VerifiedProof<'a> {
    pub(crate) thumbprint: Thumbprint,
    pub(crate) jti: Cow<'a, str>,
    pub(crate) freshness: Freshness,
    pub(crate) expires: Option<UnixTime>,
    /// The epoch of the memory of used proofs, as the host knew it when the request came.
    pub(crate) epoch: Option<Epoch>,
}

/// What shows that a proof is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Its own `iat`.
    IssuedAt(UnixTime),
    /// A nonce of ours, which decides instead of `iat` (RFC 9449 §4.3 check 11).
    Nonce { issued: UnixTime, epoch: u64 },
}

impl Freshness {
    /// Whether the proof is still new at `now`, and not from before the memory of `epoch` begins.
    pub(crate) fn check(
        self,
        rules: &ProofRules,
        epoch: Option<&Epoch>,
        now: UnixTime,
    ) -> Result<(), Staleness> {
        match self {
            Self::IssuedAt(iat) => check_issued_at(iat, rules, epoch, now),
            Self::Nonce { issued, .. } => check_nonce_age(issued, rules, now),
        }
    }

    /// As [`check`](Self::check), with the epoch of the memory that has just taken the proof. Only that one can tell
    /// whether a nonce is of its time: what an instance believed before it asked a shared memory may be old.
    pub(crate) fn check_answer(
        self,
        rules: &ProofRules,
        epoch: &Epoch,
        now: UnixTime,
    ) -> Result<(), Staleness> {
        self.check(rules, Some(epoch), now)?;
        match self {
            Self::Nonce { epoch: of, .. } if of != epoch.id() => {
                Err(Staleness::Nonce(NonceProblem::OtherEpoch))
            }
            Self::Nonce { .. } | Self::IssuedAt(_) => Ok(()),
        }
    }

    /// Until when a replay store must remember the proof: as long as any instance could accept it, clocks apart. It is
    /// the same time each time that the proof comes.
    pub(crate) const fn remember_until(self, rules: &ProofRules) -> UnixTime {
        match self {
            Self::IssuedAt(iat) => iat.plus(rules.max_age).plus(rules.future),
            Self::Nonce { issued, .. } => issued.plus(rules.nonce_lifetime).plus(rules.future),
        }
    }

    /// Whether the client should get a new nonce with a good answer: half of this one's life is over.
    pub(crate) const fn wants_renewal(self, rules: &ProofRules, now: UnixTime) -> bool {
        match self {
            Self::IssuedAt(_) => false,
            Self::Nonce { issued, .. } => now.since(issued) >= rules.nonce_lifetime / 2,
        }
    }
}

fn check_issued_at(
    iat: UnixTime,
    rules: &ProofRules,
    epoch: Option<&Epoch>,
    now: UnixTime,
) -> Result<(), Staleness> {
    if now.since(iat) > rules.max_age {
        return Err(Staleness::Proof(ProofError::TooOld));
    }
    if iat.since(now) > rules.future {
        return Err(Staleness::Proof(ProofError::FromFuture));
    }
    match (rules.after_restart, epoch) {
        (AfterRestart::Challenge, Some(epoch)) if iat < epoch.since() => {
            Err(Staleness::Nonce(NonceProblem::BeforeEpoch))
        }
        _ => Ok(()),
    }
}

fn check_nonce_age(issued: UnixTime, rules: &ProofRules, now: UnixTime) -> Result<(), Staleness> {
    if now.since(issued) > rules.nonce_lifetime || issued.since(now) > rules.future {
        Err(Staleness::Nonce(NonceProblem::Stale))
    } else {
        Ok(())
    }
}

/// Why a proof is not new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staleness {
    Proof(ProofError),
    Nonce(NonceProblem),
}

impl Staleness {
    pub(crate) fn into_denial(self, fresh: impl FnOnce() -> Nonce) -> Denial {
        match self {
            Self::Proof(error) => Denial::Proof(error),
            Self::Nonce(problem) => Denial::Nonce {
                problem,
                fresh: fresh(),
            },
        }
    }
}

/// The one value of the `DPoP` header (RFC 9449 §4.3 check 1).
pub(crate) fn only_proof<'a>(lines: &FieldLines<'a>) -> Result<&'a str, ProofError> {
    match *lines {
        FieldLines::Absent => Err(ProofError::Missing),
        FieldLines::Several => Err(ProofError::Several),
        FieldLines::One(value) if value.len() > MAX_PROOF => Err(ProofError::TooLarge),
        FieldLines::One(value) => str::from_utf8(value).map_err(|_| ProofError::Malformed),
    }
}

/// Room for the decoded parts of a proof, which a proof borrows from.
pub(crate) struct ProofBuffers {
    header: Buffer,
    payload: Buffer,
}

impl ProofBuffers {
    pub(crate) fn new() -> Self {
        Self {
            header: Buffer::new(),
            payload: Buffer::new(),
        }
    }
}

/// Everything about a proof that needs no public-key cryptography (stage 2).
pub(crate) fn check_claims<'a>(
    proof: &'a str,
    buffers: &'a mut ProofBuffers,
    expected: &Expected<'_>,
    rules: &ProofRules,
    nonces: &NonceKeys,
    epoch: Option<&Epoch>,
    now: UnixTime,
) -> Result<UnsignedProof<'a>, Denial> {
    let parsed = parse(proof, buffers).map_err(Denial::Proof)?;
    let UnverifiedProof {
        header,
        claims,
        jws,
    } = parsed;
    if !rules.algorithms.contains(header.algorithm) {
        return Err(Denial::Proof(ProofError::Algorithm));
    }
    // RFC 9449 §4.3 check 8: methods are case-sensitive (RFC 9110 §9.1).
    if *claims.htm != *expected.method {
        return Err(Denial::Proof(ProofError::Method));
    }
    // RFC 9449 §4.3 check 9: query and fragment ignored.
    if expected.target.matches(&claims.htu).is_err() {
        return Err(Denial::Proof(ProofError::Target));
    }
    // RFC 9449 §4.3 check 12, first half. At the token endpoint an `ath` is ignored.
    if let Some(token) = expected.token
        && !claims.ath.as_ref().is_some_and(|ath| token.is(&ath.0))
    {
        return Err(Denial::Proof(ProofError::TokenHash));
    }
    check_validity(&claims, rules, now).map_err(Denial::Proof)?;
    let key = header.key.thumbprint();
    let freshness = freshness(&claims, key, rules, nonces);
    let freshness = freshness
        .and_then(|freshness| freshness.check(rules, epoch, now).map(|()| freshness))
        .map_err(|staleness| staleness.into_denial(|| nonces.mint(key, &named(epoch, now), now)))?;
    Ok(UnsignedProof {
        algorithm: header.algorithm,
        key: header.key,
        jti: claims.jti,
        freshness,
        expires: claims.exp,
        epoch: epoch.copied(),
        signing_input: Cow::Borrowed(jws.signing_input),
        signature: jws::decode(jws.signature).ok_or(Denial::Proof(ProofError::Malformed))?,
    })
}

impl fmt::Debug for UnsignedProof<'_> {
    /// Leaves out the signed text: whoever reads it in a log could use the proof first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedProof")
            .field("algorithm", &self.algorithm)
            .field("key", &self.key)
            .field("jti", &self.jti)
            .field("freshness", &self.freshness)
            .finish_non_exhaustive()
    }
}

/// The epoch that a nonce names. Without a memory there is none to name; the nonce then says so.
pub(crate) fn named(epoch: Option<&Epoch>, now: UnixTime) -> Epoch {
    epoch.copied().unwrap_or(Epoch::new(0, now))
}

impl<'a> UnsignedProof<'a> {
    /// The thumbprint of the key that the proof shows, to compare before any signature is verified.
    pub(crate) const fn thumbprint(&self) -> &Thumbprint {
        self.key.thumbprint()
    }

    /// Verifies the signature (RFC 9449 §4.3 check 6).
    pub(crate) fn verify(self, provider: &CryptoProvider) -> Result<VerifiedProof<'a>, ProofError> {
        signature::verify(
            provider,
            self.algorithm,
            &self.key,
            &self.key.decoding_key(),
            &self.signing_input,
            &self.signature,
        )
        .map_err(|signature::BadSignature| ProofError::Signature)?;
        Ok(VerifiedProof {
            thumbprint: *self.key.thumbprint(),
            jti: self.jti,
            freshness: self.freshness,
            expires: self.expires,
            epoch: self.epoch,
        })
    }

    pub(crate) fn into_owned(self) -> UnsignedProof<'static> {
        UnsignedProof {
            jti: Cow::Owned(self.jti.into_owned()),
            signing_input: Cow::Owned(self.signing_input.into_owned()),
            algorithm: self.algorithm,
            key: self.key,
            freshness: self.freshness,
            expires: self.expires,
            epoch: self.epoch,
            signature: self.signature,
        }
    }
}

impl VerifiedProof<'_> {
    pub(crate) fn into_owned(self) -> VerifiedProof<'static> {
        VerifiedProof {
            jti: Cow::Owned(self.jti.into_owned()),
            thumbprint: self.thumbprint,
            freshness: self.freshness,
            expires: self.expires,
            epoch: self.epoch,
        }
    }
}

/// A proof that is complete, and not yet believed in anything.
struct UnverifiedProof<'a> {
    header: Header,
    claims: Claims<'a>,
    jws: CompactJws<'a>,
}

struct Header {
    algorithm: Algorithm,
    key: PublicKey,
}

struct Claims<'a> {
    jti: Cow<'a, str>,
    htm: Cow<'a, str>,
    htu: Cow<'a, str>,
    iat: UnixTime,
    nbf: Option<UnixTime>,
    exp: Option<UnixTime>,
    nonce: Option<Text<'a>>,
    ath: Option<Text<'a>>,
}

fn parse<'a>(
    proof: &'a str,
    buffers: &'a mut ProofBuffers,
) -> Result<UnverifiedProof<'a>, ProofError> {
    let jws = CompactJws::split(proof).ok_or(ProofError::Malformed)?;
    let header = buffers.header.decode(jws.header);
    let payload = buffers.payload.decode(jws.payload);
    let (Some(header), Some(payload)) = (header, payload) else {
        return Err(ProofError::Malformed);
    };
    Ok(UnverifiedProof {
        header: Header::parse(header)?,
        claims: Claims::parse(payload)?,
        jws,
    })
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, ProofError> {
        let mut raw = RawHeader::default();
        read_object(json, &mut raw).map_err(|NotStrictJson| ProofError::Malformed)?;
        if !raw.typ.is_some_and(|typ| is_type(&typ.0, "dpop+jwt")) {
            return Err(ProofError::Type);
        }
        let algorithm = raw
            .alg
            .and_then(|alg| Algorithm::from_name(&alg.0))
            .ok_or(ProofError::Algorithm)?;
        let key = raw
            .jwk
            .ok_or(ProofError::Key)?
            .public_key()
            .map_err(|_| ProofError::Key)?;
        if !key.suits(algorithm) {
            return Err(ProofError::Key);
        }
        Ok(Self { algorithm, key })
    }
}

#[derive(Default)]
struct RawHeader<'de> {
    typ: Option<Text<'de>>,
    alg: Option<Text<'de>>,
    jwk: Option<Jwk<'de>>,
}

impl<'de> Members<'de> for RawHeader<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "typ" => take(&mut self.typ, map),
            "alg" => take(&mut self.alg, map),
            "jwk" => {
                let mut jwk = Jwk::default();
                map.next_value_seed(Object(&mut jwk))?;
                self.jwk = Some(jwk);
                Ok(Some(()))
            }
            // RFC 7515 §4.1.11: we implement no extension. A key by reference has no place in a proof (RFC 8725 §3.10).
            "crit" | "jku" | "x5u" => refuse(map),
            _ => Ok(None),
        }
    }
}

#[derive(Default)]
struct RawClaims<'de> {
    jti: Option<Text<'de>>,
    htm: Option<Text<'de>>,
    htu: Option<Text<'de>>,
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    exp: Option<NumericDate>,
    nonce: Option<Text<'de>>,
    ath: Option<Text<'de>>,
}

impl<'de> Members<'de> for RawClaims<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "jti" => take(&mut self.jti, map),
            "htm" => take(&mut self.htm, map),
            "htu" => take(&mut self.htu, map),
            "iat" => take(&mut self.iat, map),
            "nbf" => take(&mut self.nbf, map),
            "exp" => take(&mut self.exp, map),
            "nonce" => take(&mut self.nonce, map),
            "ath" => take(&mut self.ath, map),
            _ => Ok(None),
        }
    }
}

impl<'a> Claims<'a> {
    fn parse(json: &'a [u8]) -> Result<Self, ProofError> {
        let mut raw = RawClaims::default();
        read_object(json, &mut raw).map_err(|NotStrictJson| ProofError::Malformed)?;
        // RFC 9449 §4.3 check 3; an empty string identifies nothing.
        let present = |text: Option<Text<'a>>| match text {
            Some(Text(text)) if !text.is_empty() => Ok(text),
            _ => Err(ProofError::Malformed),
        };
        if raw.nonce.as_ref().is_some_and(|nonce| nonce.0.is_empty()) {
            return Err(ProofError::Malformed);
        }
        let seconds = |date: NumericDate| date.0;
        Ok(Self {
            jti: present(raw.jti)?,
            htm: present(raw.htm)?,
            htu: present(raw.htu)?,
            iat: raw.iat.map(seconds).ok_or(ProofError::Malformed)?,
            nbf: raw.nbf.map(seconds),
            exp: raw.exp.map(seconds),
            nonce: raw.nonce,
            ath: raw.ath,
        })
    }
}

/// `nbf` and `exp` are not part of a proof, but a client that sets them means them (RFC 7519 §4.1).
fn check_validity(
    claims: &Claims<'_>,
    rules: &ProofRules,
    now: UnixTime,
) -> Result<(), ProofError> {
    let begun = claims.nbf.is_none_or(|nbf| nbf.since(now) <= rules.future);
    if begun && !is_over(claims.exp, now) {
        Ok(())
    } else {
        Err(ProofError::OutsideValidity)
    }
}

/// RFC 7519 §4.1.4: on or after `exp` it is over.
pub(crate) fn is_over(exp: Option<UnixTime>, now: UnixTime) -> bool {
    exp.is_some_and(|exp| now >= exp)
}

/// Which of nonce and `iat` shows that the proof is new.
fn freshness(
    claims: &Claims<'_>,
    key: &Thumbprint,
    rules: &ProofRules,
    nonces: &NonceKeys,
) -> Result<Freshness, Staleness> {
    let nonce = claims
        .nonce
        .as_ref()
        .map(|nonce| nonces.check(&nonce.0, key));
    match (nonce, rules.nonces) {
        // Too old or not: a nonce of ours decides, in every mode. Were the `iat` asked where the nonce no longer does,
        // a proof could be accepted for the one and, when it has been forgotten together with it, for the other.
        (Some(NonceCheck::Ours { issued, epoch }), _) => Ok(Freshness::Nonce { issued, epoch }),
        // RFC 9449 §11.3: once required, a proof without one is refused.
        (Some(NonceCheck::Foreign), NonceRule::Required) => {
            Err(Staleness::Nonce(NonceProblem::Foreign))
        }
        (None, NonceRule::Required) => Err(Staleness::Nonce(NonceProblem::Missing)),
        // We did not ask, so a nonce that is not ours proves nothing and spoils nothing.
        (Some(NonceCheck::Foreign) | None, NonceRule::Optional) => {
            Ok(Freshness::IssuedAt(claims.iat))
        }
    }
}
