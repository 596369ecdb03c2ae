//! A key pair of the back end, for one of the three algorithms.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256,
    RsaKeyPair,
};
use fapi_core::jose::Algorithm;

use crate::der::DerReader;
use crate::error::{KeyError, Operation};
use crate::public_key::{PublicKey, is_rsa_in_range};

pub(crate) enum KeyPair {
    Es256(EcdsaKeyPair),
    Ps256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl KeyPair {
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let generated = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::Es256)
            }
            Algorithm::Ps256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Self::Ps256),
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Self::EdDsa),
        };
        generated.map_err(|_| KeyError::Backend(Operation::Generate))
    }

    /// Reads PKCS#8; for RSA, PKCS#1 as well.
    pub(crate) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Self::Es256)
            }
            Algorithm::Ps256 => RsaKeyPair::from_pkcs8(der)
                .or_else(|_| RsaKeyPair::from_der(der))
                .map(Self::Ps256),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Self::EdDsa),
        };
        let pair = pair.map_err(|_| KeyError::Rejected)?;
        if let PublicKey::Rsa { n, e } = pair.public_key()?
            && !is_rsa_in_range(&n, &e)
        {
            return Err(KeyError::RsaRange);
        }
        Ok(pair)
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::Es256,
            Self::Ps256(_) => Algorithm::Ps256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    pub(crate) fn public_key(&self) -> Result<PublicKey, KeyError> {
        let public = match self {
            Self::Es256(pair) => p256_public_key(pair.public_key().as_ref()),
            Self::Ps256(pair) => rsa_public_key(pair.public_key().as_ref()),
            Self::EdDsa(pair) => pair
                .public_key()
                .as_ref()
                .try_into()
                .ok()
                .map(|x| PublicKey::Ed25519 { x }),
        };
        public.ok_or(KeyError::Backend(Operation::Export))
    }

    /// The bytes of a JWS signature: for ES256 R and S of 32 bytes each (RFC 7518 §3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        // The back end takes randomness from its own source and ignores the one passed.
        let random = SystemRandom::new();
        let signature = match self {
            Self::Es256(pair) => pair.sign(&random, message).map(|s| s.as_ref().to_vec()),
            Self::Ps256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
            }
            Self::EdDsa(pair) => pair.try_sign(message).map(|s| s.as_ref().to_vec()),
        };
        signature.map_err(|_| KeyError::Backend(Operation::Sign))
    }
}

/// The private values of an RSA key, named as in a JWK (RFC 7518 §6.3.2).
pub(crate) struct RsaPrivateValues<'a> {
    pub(crate) d: &'a [u8],
    pub(crate) p: &'a [u8],
    pub(crate) q: &'a [u8],
    pub(crate) dp: &'a [u8],
    pub(crate) dq: &'a [u8],
    pub(crate) qi: &'a [u8],
}

/// Hands the private values of an RSA key to `read`.
pub(crate) fn with_rsa_private_values<T>(
    pair: &RsaKeyPair,
    read: impl FnOnce(RsaPrivateValues<'_>) -> T,
) -> Result<T, KeyError> {
    let failed = || KeyError::Backend(Operation::Export);
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    rsa_private_values(pkcs8.as_ref())
        .map(read)
        .ok_or_else(failed)
}

/// RFC 5208 §5 around RFC 8017 A.1.2.
fn rsa_private_values(pkcs8: &[u8]) -> Option<RsaPrivateValues<'_>> {
    let mut info = DerReader::new(pkcs8).sequence()?;
    let _version = info.unsigned()?;
    let _algorithm = info.sequence()?;
    let mut key = info.octet_string()?.sequence()?;
    let _version = key.unsigned()?;
    let _n = key.unsigned()?;
    let _e = key.unsigned()?;
    Some(RsaPrivateValues {
        d: key.unsigned()?,
        p: key.unsigned()?,
        q: key.unsigned()?,
        dp: key.unsigned()?,
        dq: key.unsigned()?,
        qi: key.unsigned()?,
    })
}

/// RFC 8017 A.1.1.
fn rsa_public_key(pkcs1: &[u8]) -> Option<PublicKey> {
    let mut key = DerReader::new(pkcs1).sequence()?;
    Some(PublicKey::Rsa {
        n: key.unsigned()?.to_vec(),
        e: key.unsigned()?.to_vec(),
    })
}

/// SEC 1 §2.3.3, not compressed.
fn p256_public_key(point: &[u8]) -> Option<PublicKey> {
    let [0x04, coordinates @ ..] = point else {
        return None;
    };
    let (x, y) = coordinates.split_at_checked(32)?;
    Some(PublicKey::P256 {
        x: x.try_into().ok()?,
        y: y.try_into().ok()?,
    })
}
