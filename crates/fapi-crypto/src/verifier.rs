//! One verifier for each algorithm. Each checks the form of its key before it is made.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    VerificationAlgorithm as _,
};
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use signature::{Error, Verifier};

use crate::public_key::is_rsa_in_range;

/// ECDSA on P-256 with SHA-256; the signature is R and S of 32 bytes each (RFC 7518 §3.4).
pub(crate) struct Es256Verifier {
    /// Held in place: a verifier lives for one signature, so each allocation would count.
    point: [u8; 65],
}

impl Es256Verifier {
    pub(crate) fn new(key: &DecodingKey) -> Result<Self> {
        // The back end would read SubjectPublicKeyInfo, compressed and hybrid points too.
        match <[u8; 65]>::try_from(raw_bytes(key, AlgorithmFamily::Ec)?) {
            Ok(point @ [0x04, ..]) => Ok(Self { point }),
            _ => Err(ErrorKind::InvalidEcdsaKey.into()),
        }
    }
}

impl Verifier<Vec<u8>> for Es256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        ECDSA_P256_SHA256_FIXED
            .verify_sig(&self.point, message, signature)
            .map_err(|_| Error::new())
    }
}

impl JwtVerifier for Es256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

/// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 7518 §3.5).
pub(crate) struct Ps256Verifier {
    key: RsaPublicKeyComponents<Vec<u8>>,
}

impl Ps256Verifier {
    pub(crate) fn new(key: &DecodingKey) -> Result<Self> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else {
            return Err(ErrorKind::InvalidKeyFormat.into());
        };
        // The parameters of the back end would let 8192 bits through.
        if !is_rsa_in_range(n, e) {
            return Err(ErrorKind::InvalidRsaKey("out of range".to_owned()).into());
        }
        let (n, e) = (n.clone(), e.clone());
        Ok(Self {
            key: RsaPublicKeyComponents { n, e },
        })
    }
}

impl Verifier<Vec<u8>> for Ps256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.key
            .verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            .map_err(|_| Error::new())
    }
}

impl JwtVerifier for Ps256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::PS256
    }
}

/// Ed25519 (RFC 8032 §5.1.7). Points of small order are refused by fapi-core, not here.
pub(crate) struct EdDsaVerifier {
    point: [u8; 32],
}

impl EdDsaVerifier {
    pub(crate) fn new(key: &DecodingKey) -> Result<Self> {
        // The back end would read SubjectPublicKeyInfo too.
        match raw_bytes(key, AlgorithmFamily::Ed)?.try_into() {
            Ok(point) => Ok(Self { point }),
            Err(_) => Err(ErrorKind::InvalidEddsaKey.into()),
        }
    }
}

impl Verifier<Vec<u8>> for EdDsaVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        ED25519
            .verify_sig(&self.point, message, signature)
            .map_err(|_| Error::new())
    }
}

impl JwtVerifier for EdDsaVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn raw_bytes(key: &DecodingKey, family: AlgorithmFamily) -> Result<&[u8]> {
    if key.family() != family {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    key.try_get_as_bytes()
}
