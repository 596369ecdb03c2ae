//! ES256 by Envoy's foreign function `verify_signature`: BoringSSL, natively.

use std::marker::PhantomData;

use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::Result;
use jsonwebtoken::{Algorithm, DecodingKey};
use signature::{Error, Verifier};

use super::p256_point;
use crate::host::Host;

const FUNCTION: &str = "verify_signature";

/// What stands before the point in a `SubjectPublicKeyInfo` of P-256 (RFC 5480 §2): fixed, as the point has 65 bytes.
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// ECDSA on P-256 with SHA-256 by the host.
pub(super) struct ForeignVerifier<H> {
    point: [u8; 65],
    host: PhantomData<fn() -> H>,
}

impl<H: Host> ForeignVerifier<H> {
    pub(super) fn new(key: &DecodingKey) -> Result<Self> {
        Ok(Self {
            point: p256_point(key)?,
            host: PhantomData,
        })
    }
}

impl<H: Host> Verifier<Vec<u8>> for ForeignVerifier<H> {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        if host_verifies::<H>(&self.point, message, signature) {
            Ok(())
        } else {
            Err(Error::new())
        }
    }
}

impl<H: Host> JwtVerifier for ForeignVerifier<H> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

/// A bad signature is told in the result, a bad key by a status of the call: neither verifies.
fn host_verifies<H: Host>(point: &[u8; 65], message: &[u8], signature: &[u8]) -> bool {
    let Some(signature) = signature.try_into().ok().and_then(der) else {
        return false;
    };
    let mut argument = Vec::with_capacity(message.len().saturating_add(200));
    field(&mut argument, 1, &[b"sha256"]);
    field(&mut argument, 2, &[&SPKI, point]);
    field(&mut argument, 3, &[&signature]);
    field(&mut argument, 4, &[message]);
    H::foreign(FUNCTION, &argument).is_ok_and(|result| says_yes(&result))
}

/// Whether the host has the function and it tells a good signature from a bad one.
///
/// The vector is the first of Wycheproof's for P1363, so that an upgrade of Envoy that changed the function is noticed.
pub(super) fn works<H: Host>() -> bool {
    let mut changed = PROBE_SIGNATURE;
    if let Some(byte) = changed.last_mut() {
        *byte ^= 1;
    }
    host_verifies::<H>(&PROBE_POINT, PROBE_MESSAGE, &PROBE_SIGNATURE)
        && !host_verifies::<H>(&PROBE_POINT, PROBE_MESSAGE, &changed)
}

/// A field of bytes of a protobuf message, in parts.
fn field(message: &mut Vec<u8>, number: u8, parts: &[&[u8]]) {
    // Wire type 2: length-delimited.
    message.push(number << 3 | 2);
    let mut length: usize = parts.iter().map(|part| part.len()).sum();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    for part in parts {
        message.extend_from_slice(part);
    }
}

/// The result: field 1 is a boolean, field 2 an error text. A field that is false is left out.
fn says_yes(result: &[u8]) -> bool {
    // Exactly this: an error text beside it would be a contradiction.
    matches!(result, [0x08, 0x01] | [0x08, 0x01, 0x12, 0x00])
}

/// R and S of 32 bytes each as `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
fn der(signature: &[u8; 64]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_first_chunk::<32>()?;
    let (mut r, mut s) = (integer(r), integer(s.first_chunk()?));
    let mut der = vec![0x30, u8::try_from(r.len().checked_add(s.len())?).ok()?];
    der.append(&mut r);
    der.append(&mut s);
    Some(der)
}

/// A DER INTEGER (X.690 §8.3): no more leading zeros than the sign needs.
fn integer(bytes: &[u8; 32]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    let pad = digits.first().is_none_or(|first| *first >= 0x80);
    let length = digits.len().saturating_add(usize::from(pad));
    // At most 33.
    let mut der = vec![0x02, length as u8];
    if pad {
        der.push(0);
    }
    der.extend_from_slice(digits);
    der
}

const PROBE_MESSAGE: &[u8] = b"123400";

#[rustfmt::skip]
const PROBE_POINT: [u8; 65] = [
    0x04, 0x29, 0x27, 0xb1, 0x05, 0x12, 0xba, 0xe3, 0xed, 0xdc, 0xfe, 0x46, 0x78, 0x28, 0x12, 0x8b,
    0xad, 0x29, 0x03, 0x26, 0x99, 0x19, 0xf7, 0x08, 0x60, 0x69, 0xc8, 0xc4, 0xdf, 0x6c, 0x73, 0x28,
    0x38, 0xc7, 0x78, 0x79, 0x64, 0xea, 0xac, 0x00, 0xe5, 0x92, 0x1f, 0xb1, 0x49, 0x8a, 0x60, 0xf4,
    0x60, 0x67, 0x66, 0xb3, 0xd9, 0x68, 0x50, 0x01, 0x55, 0x8d, 0x1a, 0x97, 0x4e, 0x73, 0x41, 0x51,
    0x3e,
];

#[rustfmt::skip]
const PROBE_SIGNATURE: [u8; 64] = [
    0x2b, 0xa3, 0xa8, 0xbe, 0x6b, 0x94, 0xd5, 0xec, 0x80, 0xa6, 0xd9, 0xd1, 0x19, 0x0a, 0x43, 0x6e,
    0xff, 0xe5, 0x0d, 0x85, 0xa1, 0xee, 0xe8, 0x59, 0xb8, 0xcc, 0x6a, 0xf9, 0xbd, 0x5c, 0x2e, 0x18,
    0x4c, 0xd6, 0x0b, 0x85, 0x5d, 0x44, 0x2f, 0x5b, 0x3c, 0x7b, 0x11, 0xeb, 0x6c, 0x4e, 0x0a, 0xe7,
    0x52, 0x5f, 0xe7, 0x10, 0xfa, 0xb9, 0xaa, 0x7c, 0x77, 0xa6, 0x7f, 0x79, 0xe6, 0xfa, 0xdd, 0x76,
];
