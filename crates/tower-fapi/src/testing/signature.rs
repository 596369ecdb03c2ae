//! Wrong signatures, for [`ProofBuilder::signature`](super::ProofBuilder::signature) and
//! [`TokenBuilder::signature`](super::TokenBuilder::signature).
//!
//! ```
//! use tower_fapi::testing::{TestClient, UnixTime, signature};
//!
//! let proof = TestClient::new()
//!     .proof("GET", "https://api.example.com/", UnixTime::from_secs(1_700_000_000))
//!     .signature(signature::der)
//!     .build();
//! # assert_eq!(proof.split('.').count(), 3);
//! ```

/// One bit flipped.
#[must_use]
pub fn corrupt(mut signature: Vec<u8>) -> Vec<u8> {
    if let Some(octet) = signature.last_mut() {
        *octet ^= 1;
    }
    signature
}

/// The last byte missing.
#[must_use]
pub fn truncated(mut signature: Vec<u8>) -> Vec<u8> {
    signature.pop();
    signature
}

/// No signature at all.
#[must_use]
pub fn empty(_: Vec<u8>) -> Vec<u8> {
    Vec::new()
}

/// Two numbers of equal length, as ES256 has them, in the DER form of X.509, which JWS forbids (RFC 7518 §3.4).
#[must_use]
pub fn der(signature: Vec<u8>) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    tagged(0x30, [integer(r), integer(s)].concat())
}

fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let mut value: Vec<u8> = octets.iter().copied().skip(zeros).collect();
    if value.first().is_none_or(|first| first & 0x80 != 0) {
        value.insert(0, 0);
    }
    tagged(0x02, value)
}

fn tagged(tag: u8, content: Vec<u8>) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [vec![tag, length], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_numbers_are_minimal_and_not_negative() {
        let signature = [[0x00, 0x00, 0x7f], [0x80, 0x01, 0x02]].concat();
        let expected = [0x30, 9, 0x02, 1, 0x7f, 0x02, 4, 0x00, 0x80, 0x01, 0x02];
        assert_eq!(der(signature), expected);
    }
}
