//! Ed25519 in the module.

use ed25519_dalek::{Signature, VerifyingKey};
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use signature::{Error, Verifier};

use super::raw_bytes;

/// Ed25519 (RFC 8032 §5.1.7). Points of small order are refused by the core, and here again.
pub(super) struct Ed25519Verifier(VerifyingKey);

impl Ed25519Verifier {
    pub(super) fn new(key: &DecodingKey) -> Result<Self> {
        let point = raw_bytes(key, AlgorithmFamily::Ed)?
            .try_into()
            .map_err(|_| ErrorKind::InvalidEddsaKey)?;
        VerifyingKey::from_bytes(point)
            .map(Self)
            .map_err(|_| ErrorKind::InvalidEddsaKey.into())
    }
}

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let signature = Signature::from_slice(signature).map_err(|_| Error::new())?;
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| Error::new())
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
