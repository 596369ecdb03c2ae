//! Signature verification through the host's `jsonwebtoken` provider.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::CryptoProvider;

use super::{Algorithm, PublicKey, point};

/// The signature does not verify, or the back end failed: both refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSignature;

/// Verifies `signature` over `message`.
///
/// The provider is an argument: the process-wide default of `jsonwebtoken` belongs to the application.
pub(crate) fn verify(
    provider: &CryptoProvider,
    algorithm: Algorithm,
    key: &PublicKey,
    decoding_key: &DecodingKey,
    message: &str,
    signature: &Vec<u8>,
) -> Result<(), BadSignature> {
    if !key.suits(algorithm) || signature.len() != key.signature_length() {
        return Err(BadSignature);
    }
    let algorithm = match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::EdDsa => {
            // RFC 8032 §5.1.3, §5.1.7: the back ends differ on points R of small order or odd encoding; we refuse them.
            let r = signature.first_chunk().ok_or(BadSignature)?;
            if point::is_refused_ed25519(r) {
                return Err(BadSignature);
            }
            jsonwebtoken::Algorithm::EdDSA
        }
    };
    (provider.verifier_factory)(&algorithm, decoding_key)
        .map_err(|_| BadSignature)?
        .verify(message.as_bytes(), signature)
        .map_err(|_| BadSignature)
}
