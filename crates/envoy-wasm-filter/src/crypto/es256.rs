//! ES256 in the module.

use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use signature::{Error, Verifier};

use super::p256_point;

/// ECDSA on P-256 with SHA-256; the signature is R and S of 32 bytes each (RFC 7518 §3.4).
pub(super) struct Es256Verifier(VerifyingKey);

impl Es256Verifier {
    pub(super) fn new(key: &DecodingKey) -> Result<Self> {
        VerifyingKey::from_sec1_bytes(&p256_point(key)?)
            .map(Self)
            .map_err(|_| ErrorKind::InvalidEcdsaKey.into())
    }
}

impl Verifier<Vec<u8>> for Es256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        Signature::from_slice(signature)
            .and_then(|signature| self.0.verify(message, &signature))
            .map_err(|_| Error::new())
    }
}

impl JwtVerifier for Es256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
