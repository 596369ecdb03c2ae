//! Nonces that the server can check without having stored them (RFC 9449 §8).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Epoch;
use crate::UnixTime;
use crate::jose::Thumbprint;

/// A nonce to send in the `DPoP-Nonce` header: 43 base64url characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce {
    text: String,
    key: Thumbprint,
}

impl Nonce {
    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key whose holder it is for: a proof that another one has made cannot use it.
    #[must_use]
    pub const fn key(&self) -> &Thumbprint {
        &self.key
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({})", self.text)
    }
}

/// The keys under which nonces are made. Replicas that share the ring honour each other's nonces.
///
/// The first key mints, all of them verify: to rotate, put the new key last everywhere, then first everywhere, and drop
/// the old one when no proof that was made meanwhile can still be accepted: after the longer of nonce lifetime and proof
/// age, and twice the allowance for clocks. Dropped sooner, a proof that was accepted for its nonce could be accepted
/// again for its `iat`.
#[derive(Clone)]
pub struct NonceKeys {
    mint: Hmac<Sha256>,
    verify: Vec<Hmac<Sha256>>,
}

/// A nonce key is shorter than 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceKeyTooShort;

impl fmt::Display for NonceKeyTooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a nonce key must have at least 32 bytes")
    }
}

impl std::error::Error for NonceKeyTooShort {}

/// What a nonce turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonceCheck {
    /// Made under one of our keys for this proof key.
    Ours { issued: UnixTime, epoch: u64 },
    /// Anything else: forged, made under keys that we do not have, or for another proof key.
    Foreign,
}

impl NonceKeys {
    /// A ring that mints with `mint` and also accepts what was minted with `others`.
    ///
    /// # Errors
    ///
    /// A key shorter than 32 bytes.
    pub fn new<'a>(
        mint: &[u8],
        others: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, NonceKeyTooShort> {
        let mint = keyed(mint)?;
        let mut verify = vec![mint.clone()];
        for key in others {
            verify.push(keyed(key)?);
        }
        Ok(Self { mint, verify })
    }

    /// A nonce for the holder of the key with this thumbprint.
    pub(crate) fn mint(&self, key: &Thumbprint, epoch: &Epoch, now: UnixTime) -> Nonce {
        let body = Body::new(now, epoch.id());
        let mut octets = [0; LENGTH];
        let mac = seal(&self.mint, &body, key).finalize().into_bytes();
        octets
            .iter_mut()
            .zip(body.0.iter().chain(&mac))
            .for_each(|(place, octet)| *place = *octet);
        Nonce {
            text: URL_SAFE_NO_PAD.encode(octets),
            key: *key,
        }
    }

    pub(crate) fn check(&self, nonce: &str, key: &Thumbprint) -> NonceCheck {
        let mut octets = [0; LENGTH];
        if !matches!(URL_SAFE_NO_PAD.decode_slice(nonce, &mut octets), Ok(LENGTH)) {
            return NonceCheck::Foreign;
        }
        let Some((body, mac)) = octets.split_first_chunk::<BODY>() else {
            return NonceCheck::Foreign;
        };
        let body = Body(*body);
        let ours = self
            .verify
            .iter()
            .any(|ring| seal(ring, &body, key).verify_truncated_left(mac).is_ok());
        if ours {
            NonceCheck::Ours {
                issued: body.issued(),
                epoch: body.epoch(),
            }
        } else {
            NonceCheck::Foreign
        }
    }
}

impl fmt::Debug for NonceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NonceKeys({} keys)", self.verify.len())
    }
}

/// Length in bytes of what is authenticated, and of a nonce: 128 bits of MAC are enough to make guessing hopeless.
const BODY: usize = 16;
const LENGTH: usize = BODY + 16;

/// Time of issue and epoch, each eight bytes, big-endian.
struct Body([u8; BODY]);

impl Body {
    fn new(issued: UnixTime, epoch: u64) -> Self {
        let value = u128::from(issued.as_secs().cast_unsigned()) << 64 | u128::from(epoch);
        Self(value.to_be_bytes())
    }

    fn issued(&self) -> UnixTime {
        let high = u128::from_be_bytes(self.0) >> 64;
        UnixTime::from_secs(u64::try_from(high).unwrap_or(0).cast_signed())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half is what is wanted"
    )]
    fn epoch(&self) -> u64 {
        u128::from_be_bytes(self.0) as u64
    }
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>, NonceKeyTooShort> {
    if key.len() < 32 {
        return Err(NonceKeyTooShort);
    }
    Hmac::new_from_slice(key).map_err(|_| NonceKeyTooShort)
}

fn seal(key: &Hmac<Sha256>, body: &Body, thumbprint: &Thumbprint) -> Hmac<Sha256> {
    let mut mac = key.clone();
    // The name keeps these MACs apart from any other use of the same key.
    mac.update(b"fapi dpop nonce 1\0");
    mac.update(&body.0);
    mac.update(thumbprint.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
    const KEY: Thumbprint = Thumbprint::from_bytes([1; 32]);

    fn epoch() -> Epoch {
        Epoch::new(7, NOW)
    }

    #[test]
    fn a_nonce_is_ours_for_its_key_only() {
        let keys = NonceKeys::new(&[9; 32], []).unwrap();
        let nonce = keys.mint(&KEY, &epoch(), NOW);
        assert_eq!(nonce.as_str().len(), 43);
        let ours = NonceCheck::Ours {
            issued: NOW,
            epoch: 7,
        };
        assert_eq!(keys.check(nonce.as_str(), &KEY), ours);
        let other = Thumbprint::from_bytes([2; 32]);
        assert_eq!(keys.check(nonce.as_str(), &other), NonceCheck::Foreign);
        let strangers = NonceKeys::new(&[8; 32], []).unwrap();
        assert_eq!(strangers.check(nonce.as_str(), &KEY), NonceCheck::Foreign);
    }

    #[test]
    fn every_changed_bit_makes_it_foreign() {
        let keys = NonceKeys::new(&[9; 32], []).unwrap();
        let nonce = keys.mint(&KEY, &epoch(), NOW);
        let octets = URL_SAFE_NO_PAD.decode(nonce.as_str()).unwrap();
        for bit in 0..octets.len() * 8 {
            let mut changed = octets.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(keys.check(&changed, &KEY), NonceCheck::Foreign);
        }
        for text in [
            "",
            "x",
            nonce.as_str().get(1..).unwrap(),
            &format!("{}A", nonce.as_str()),
        ] {
            assert_eq!(keys.check(text, &KEY), NonceCheck::Foreign);
        }
    }

    #[test]
    fn a_ring_honours_every_key_and_mints_with_the_first() {
        let old = NonceKeys::new(&[1; 32], []).unwrap();
        let both = NonceKeys::new(&[2; 40], [&[1; 32][..]]).unwrap();
        let new = NonceKeys::new(&[2; 40], []).unwrap();
        let from_old = old.mint(&KEY, &epoch(), NOW);
        let from_both = both.mint(&KEY, &epoch(), NOW);
        assert_ne!(both.check(from_old.as_str(), &KEY), NonceCheck::Foreign);
        assert_ne!(new.check(from_both.as_str(), &KEY), NonceCheck::Foreign);
        assert_eq!(new.check(from_old.as_str(), &KEY), NonceCheck::Foreign);
        assert!(NonceKeys::new(&[1; 31], []).is_err());
        assert!(NonceKeys::new(&[1; 32], [&[1; 31][..]]).is_err());
    }

    #[test]
    fn times_before_1970_survive() {
        let keys = NonceKeys::new(&[9; 32], []).unwrap();
        let early = UnixTime::from_secs(-5);
        let nonce = keys.mint(&KEY, &Epoch::new(u64::MAX, NOW), early);
        assert_eq!(
            keys.check(nonce.as_str(), &KEY),
            NonceCheck::Ours {
                issued: early,
                epoch: u64::MAX
            }
        );
    }
}
