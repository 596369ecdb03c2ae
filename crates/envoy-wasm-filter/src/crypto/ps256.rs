//! PS256 in the module.
//!
//! The crate `rsa` is not used: it is slower, and has an open advisory about the timing of private keys, which are not
//! here but would show up in every audit. What is left of RSA for a verification is one power in Montgomery form, by
//! `crypto-bigint`, which is in the build already, and the padding of RFC 8017 §9.1.2. All of it is public data.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use sha2::{Digest as _, Sha256};
use signature::{Error, Verifier};

/// Length in bytes of the hash, and of the salt (RFC 7518 §3.5).
const HASH: usize = 32;

/// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, for 2048 to 4096 bits.
pub(super) struct Ps256Verifier {
    modulus: BoxedMontyParams,
    /// Bits of the modulus.
    bits: u32,
    exponent: u32,
}

impl Ps256Verifier {
    pub(super) fn new(key: &DecodingKey) -> Result<Self> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else {
            return Err(ErrorKind::InvalidKeyFormat.into());
        };
        let out_of_range = || ErrorKind::InvalidRsaKey("out of range".to_owned()).into();
        let modulus = BoxedUint::from_be_slice_vartime(n);
        let bits = modulus.bits();
        let exponent = e
            .iter()
            .try_fold(0_u32, |sum, byte| {
                Some(sum.checked_mul(256)? | u32::from(*byte))
            })
            .filter(|exponent| *exponent >= 65_537 && exponent % 2 == 1);
        match (Odd::new(modulus).into_option(), exponent) {
            (Some(modulus), Some(exponent)) if (2048..=4096).contains(&bits) => Ok(Self {
                modulus: BoxedMontyParams::new_vartime(modulus),
                bits,
                exponent,
            }),
            _ => Err(out_of_range()),
        }
    }

    /// RFC 8017 §5.2.2: the encoded message, as long as the modulus.
    fn open(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let length = self.bits.div_ceil(8);
        if u32::try_from(signature.len()) != Ok(length) {
            return None;
        }
        let precision = self.modulus.bits_precision();
        let signature = BoxedUint::from_be_slice(signature, precision).ok()?;
        if signature >= *self.modulus.modulus().as_ref() {
            return None;
        }
        let base = BoxedMontyForm::new(signature, &self.modulus);
        // The exponent is public. Its highest bit is the base itself.
        let mut power = base.clone();
        let bits = u32::BITS.checked_sub(self.exponent.leading_zeros())?;
        for place in (0..bits.checked_sub(1)?).rev() {
            power = power.square();
            if self.exponent >> place & 1 == 1 {
                power = power.mul(&base);
            }
        }
        let bytes = power.retrieve().to_be_bytes();
        let length = usize::try_from(length).ok()?;
        let surplus = bytes.len().checked_sub(length)?;
        bytes.get(surplus..).map(<[u8]>::to_vec)
    }
}

impl Verifier<Vec<u8>> for Ps256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let encoded = self.open(signature).ok_or_else(Error::new)?;
        // RFC 8017 §8.1.2: the padding is of one bit less than the modulus.
        let bits = self.bits.checked_sub(1).ok_or_else(Error::new)?;
        if is_padded(&encoded, bits, message) {
            Ok(())
        } else {
            Err(Error::new())
        }
    }
}

impl JwtVerifier for Ps256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::PS256
    }
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2) with a salt of 32 bytes, for an encoded message of so many `bits`.
fn is_padded(encoded: &[u8], bits: u32, message: &[u8]) -> bool {
    read_padding(encoded, bits, message).unwrap_or(false)
}

fn read_padding(encoded: &[u8], bits: u32, message: &[u8]) -> Option<bool> {
    // A modulus of 8n + 1 bits has a byte more than the padding.
    let length = usize::try_from(bits.div_ceil(8)).ok()?;
    let (above, encoded) = encoded.split_at_checked(encoded.len().checked_sub(length)?)?;
    let (rest, trailer) = encoded.split_last_chunk::<1>()?;
    let (masked, hash) = rest.split_last_chunk::<HASH>()?;
    let unused = u32::try_from(length)
        .ok()?
        .checked_mul(8)?
        .checked_sub(bits)?;
    let kept = 0xff_u8.checked_shr(unused)?;
    if above.iter().any(|byte| *byte != 0) || *trailer != [0xbc] || masked.first()? & !kept != 0 {
        return Some(false);
    }
    let mut block = masked.to_vec();
    unmask(&mut block, hash);
    *block.first_mut()? &= kept;
    let (zeros, salt) = block.split_last_chunk::<HASH>()?;
    let (one, zeros) = zeros.split_last()?;
    if *one != 1 || zeros.iter().any(|byte| *byte != 0) {
        return Some(false);
    }
    let expected = Sha256::new()
        .chain_update([0; 8])
        .chain_update(Sha256::digest(message))
        .chain_update(salt)
        .finalize();
    Some(expected[..] == hash[..])
}

/// MGF1 with SHA-256 (RFC 8017 appendix B.2.1), applied.
fn unmask(block: &mut [u8], seed: &[u8; HASH]) {
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(HASH)) {
        let mask = Sha256::new()
            .chain_update(seed)
            .chain_update(counter.to_be_bytes())
            .finalize();
        for (byte, mask) in chunk.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}
