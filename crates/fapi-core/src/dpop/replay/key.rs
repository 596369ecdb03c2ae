//! The name of a used proof.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::jose::Thumbprint;

/// The name of a used proof in a replay memory, 128 bits.
///
/// The first 16 bytes of the SHA-256 over resource, issuer, key thumbprint and `jti`, each preceded by its
/// length in bytes (64 bits, big endian), so that no two different tuples are hashed as the same bytes.
/// With the key in the name, nobody can use up the `jti` of somebody else. Two proofs with one name by
/// chance (or by some 2⁶⁴ hashes of work of one client on its own proofs) are a replay and its original:
/// the second is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayKey([u8; 16]);

impl ReplayKey {
    /// Names the proof `jti` that `key` signed for `resource`, sent with a token of `issuer`.
    #[must_use]
    pub fn new(resource: &str, issuer: &str, key: &Thumbprint, jti: &str) -> Self {
        let mut hasher = Sha256::new();
        for field in [
            resource.as_bytes(),
            issuer.as_bytes(),
            key.as_bytes(),
            jti.as_bytes(),
        ] {
            // A slice is never longer than 2⁶³ bytes: the cast keeps the value.
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let mut name = [0; 16];
        for (to, from) in name.iter_mut().zip(digest) {
            *to = from;
        }
        Self(name)
    }

    /// A name made of chosen bits, for tests that need many.
    #[cfg(test)]
    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayKey(")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: Thumbprint = Thumbprint::from_bytes([7; 32]);

    fn key(resource: &str, issuer: &str, jti: &str) -> ReplayKey {
        ReplayKey::new(resource, issuer, &KEY, jti)
    }

    #[test]
    fn is_the_documented_hash() {
        let mut input = Vec::new();
        for field in [&b"https://rs"[..], b"https://as", &[7; 32], b"j"] {
            input.extend((field.len() as u64).to_be_bytes());
            input.extend(field);
        }
        let digest = Sha256::digest(&input);
        assert_eq!(
            key("https://rs", "https://as", "j").as_bytes()[..],
            digest[..16]
        );
    }

    // I09: the same `jti` of two keys are two proofs.
    #[test]
    fn each_field_counts() {
        let base = key("r", "i", "j");
        assert_eq!(base, key("r", "i", "j"));
        assert_ne!(base, key("R", "i", "j"));
        assert_ne!(base, key("r", "I", "j"));
        assert_ne!(base, key("r", "i", "J"));
        assert_ne!(
            base,
            ReplayKey::new("r", "i", &Thumbprint::from_bytes([8; 32]), "j")
        );
    }

    // I10: what one field loses and the next gains.
    #[test]
    fn moved_boundaries_are_other_names() {
        assert_ne!(key("ab", "c", "j"), key("a", "bc", "j"));
        assert_ne!(key("", "abc", "j"), key("abc", "", "j"));
        assert_ne!(key("a\nb", "c", "j"), key("a", "b\nc", "j"));
        assert_ne!(key("a\0", "b", "j"), key("a", "\0b", "j"));
    }

    // I03: a long `jti` costs no more room than a short one.
    #[test]
    fn long_jti_is_16_bytes_too() {
        let long = "x".repeat(65_536);
        let longer = "x".repeat(65_537);
        assert_ne!(key("r", "i", &long), key("r", "i", &longer));
    }

    #[test]
    fn debug_is_hex() {
        assert_eq!(
            format!("{:?}", ReplayKey([0xab; 16])),
            "ReplayKey(abababababababababababababababab)"
        );
    }

    proptest! {
        #[test]
        fn equal_only_for_equal_fields(
            a in ("[ab]{0,3}", "[ab]{0,3}", "[ab]{0,3}"),
            b in ("[ab]{0,3}", "[ab]{0,3}", "[ab]{0,3}"),
        ) {
            prop_assert_eq!(key(&a.0, &a.1, &a.2) == key(&b.0, &b.1, &b.2), a == b);
        }
    }
}
