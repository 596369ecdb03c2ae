//! The `CryptoProvider` that fapi-core verifies with.

use aws_lc_rs::digest;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use signature::Signer;

use crate::error::KeyError;
use crate::key_pair::KeyPair;
use crate::verifier::{EdDsaVerifier, Es256Verifier, Ps256Verifier};

/// ES256, PS256 and `EdDSA` through aws-lc-rs; every other algorithm is `UnsupportedAlgorithm`.
///
/// Public keys are taken in one form each: `DecodingKey::from_ec_der` with the 65 bytes of an
/// uncompressed point (SEC 1 §2.3.3), `from_rsa_raw_components` with 2048 to 4096 bits,
/// `from_ed_der` with 32 bytes (RFC 8032 §5.1.5). A key in another form is an error of the
/// factory. Private keys are PKCS#8; for RSA also PKCS#1.
///
/// The caller passes the provider on: it is not installed as the default of the process.
/// fapi-core reads JWKs by itself, so the functions of `key_utils` that take keys apart answer
/// `UnsupportedAlgorithm`.
pub static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: new_signer,
    verifier_factory: new_verifier,
    // We call none of them; an error is still better than the panic of `new_unimplemented`.
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(unsupported()),
        rsa_pub_components_from_public_key: |_| Err(unsupported()),
        ec_pub_components_from_private_key: |_, _| Err(unsupported()),
        ed_pub_components_from_private_key: |_, _| Err(unsupported()),
        compute_digest,
    },
};

fn new_verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::ES256 => Ok(Box::new(Es256Verifier::new(key)?)),
        Algorithm::PS256 => Ok(Box::new(Ps256Verifier::new(key)?)),
        Algorithm::EdDSA => Ok(Box::new(EdDsaVerifier::new(key)?)),
        _ => Err(unsupported()),
    }
}

fn new_signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    use fapi_core::jose::Algorithm as Ours;
    let (ours, family, invalid) = match algorithm {
        Algorithm::ES256 => (Ours::Es256, AlgorithmFamily::Ec, ErrorKind::InvalidEcdsaKey),
        Algorithm::PS256 => (
            Ours::Ps256,
            AlgorithmFamily::Rsa,
            ErrorKind::InvalidRsaKey("malformed or out of range".to_owned()),
        ),
        Algorithm::EdDSA => (Ours::EdDsa, AlgorithmFamily::Ed, ErrorKind::InvalidEddsaKey),
        _ => return Err(unsupported()),
    };
    if key.family() != family {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let pair = KeyPair::from_der(ours, key.as_bytes()).map_err(|_: KeyError| invalid)?;
    Ok(Box::new(KeyPairSigner {
        pair,
        algorithm: *algorithm,
    }))
}

fn compute_digest(data: &[u8], hash: ThumbprintHash) -> Result<Vec<u8>> {
    let algorithm = match hash {
        ThumbprintHash::SHA256 => &digest::SHA256,
        ThumbprintHash::SHA384 => &digest::SHA384,
        ThumbprintHash::SHA512 => &digest::SHA512,
        _ => return Err(unsupported()),
    };
    Ok(digest::digest(algorithm, data).as_ref().to_vec())
}

fn unsupported() -> Error {
    ErrorKind::UnsupportedAlgorithm.into()
}

struct KeyPairSigner {
    pair: KeyPair,
    algorithm: Algorithm,
}

impl Signer<Vec<u8>> for KeyPairSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        self.pair.sign(message).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for KeyPairSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
