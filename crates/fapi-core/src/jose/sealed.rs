//! JWTs that clients have signed, read and not yet believed: what assertions and request objects have in common.

use jsonwebtoken::crypto::CryptoProvider;

use super::header::SignedHeader;
use super::json::{NotStrictJson, read_object};
use super::jws::{self, CompactJws};
use super::signature::BadSignature;
use super::{Algorithm, Thumbprint};
use crate::keys::KeySet;

/// A signature over a JWT, and what its header says about it.
#[derive(Debug)]
pub(super) struct Seal<'a> {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

/// Why a JWT cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Not a compact JWS with a JSON object as header, or one with `crit`.
    Malformed,
    /// `typ` names another kind of JWT (RFC 8725 §3.11).
    Type,
    /// `alg` is missing, or not an algorithm of FAPI 2.0.
    Algorithm,
}

impl<'a> Seal<'a> {
    /// Takes the seal off a JWT whose `typ`, if it has one, is of this kind: it, and the payload.
    pub(super) fn split(
        text: &'a str,
        is_of_kind: impl FnOnce(&str) -> bool,
    ) -> Result<(Self, Vec<u8>), Unreadable> {
        let jws = CompactJws::split(text).ok_or(Unreadable::Malformed)?;
        let decode = |part| jws::decode(part).ok_or(Unreadable::Malformed);
        let header = decode(jws.header)?;
        let mut raw = SignedHeader::default();
        read_object(&header, &mut raw).map_err(|NotStrictJson| Unreadable::Malformed)?;
        if raw.typ.is_some_and(|typ| !is_of_kind(&typ.0)) {
            return Err(Unreadable::Type);
        }
        let algorithm = raw
            .alg
            .and_then(|alg| Algorithm::from_name(&alg.0))
            .ok_or(Unreadable::Algorithm)?;
        let seal = Self {
            algorithm,
            kid: raw.kid.map(|kid| kid.0.into()),
            signing_input: jws.signing_input,
            signature: decode(jws.signature)?,
        };
        Ok((seal, decode(jws.payload)?))
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The thumbprint of the key that made it.
    pub(super) fn verify(
        &self,
        keys: &KeySet,
        provider: &CryptoProvider,
    ) -> Result<Thumbprint, BadSignature> {
        keys.verify(
            provider,
            self.kid(),
            self.algorithm,
            self.signing_input,
            &self.signature,
        )
    }
}
