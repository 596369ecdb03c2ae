//! What a verdict is compared with: one bare verification of the proof's signature.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::Sender;

/// The client's public key as aws-lc-rs takes it.
pub(crate) fn key(sender: &Sender) -> UnparsedPublicKey<Vec<u8>> {
    let jwk = sender.client.public_jwk_members();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
}

/// Splits a proof into what is signed and the signature.
pub(crate) fn signed_part(proof: &[u8]) -> (&[u8], Vec<u8>) {
    let dot = proof.iter().rposition(|byte| *byte == b'.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(&proof[dot + 1..]).unwrap();
    (&proof[..dot], signature)
}
