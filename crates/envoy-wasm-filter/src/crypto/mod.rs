//! Signatures: the provider that the core verifies with, and the key that signs our own assertions.

mod ed25519;
mod es256;
mod foreign;
mod ps256;
mod signing;

use fapi_core::config::EnvoySignatures;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};

use crate::host::Host;
use ed25519::Ed25519Verifier;
use es256::Es256Verifier;
use foreign::ForeignVerifier;
use ps256::Ps256Verifier;

pub(crate) use signing::SigningKey;

/// Who verifies ES256 signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Es256By {
    /// The foreign function `verify_signature`, some 38 µs.
    Host,
    /// This module, some 600 µs.
    Module,
}

/// ES256, PS256 and `EdDSA` in this module alone.
///
/// Public keys are taken in one form each, as the core makes them.
pub static MODULE: CryptoProvider = provider(module_verifier);

/// The host cannot verify signatures as it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostCannotVerify;

/// Chooses the provider.
pub(crate) fn choose<H: Host>(
    wanted: EnvoySignatures,
) -> std::result::Result<(&'static CryptoProvider, Es256By), HostCannotVerify> {
    let by_host = match wanted {
        EnvoySignatures::Wasm => false,
        EnvoySignatures::Auto => foreign::works::<H>(),
        EnvoySignatures::Host if foreign::works::<H>() => true,
        EnvoySignatures::Host => return Err(HostCannotVerify),
    };
    Ok(if by_host {
        (const { &provider(host_verifier::<H>) }, Es256By::Host)
    } else {
        (&MODULE, Es256By::Module)
    })
}

const fn provider(
    verifier: fn(&Algorithm, &DecodingKey) -> Result<Box<dyn JwtVerifier>>,
) -> CryptoProvider {
    CryptoProvider {
        signer_factory: no_signer,
        verifier_factory: verifier,
        // Nobody calls them; an error is still better than the panic of `new_unimplemented`.
        key_utils: KeyUtils {
            rsa_pub_components_from_private_key: |_| Err(unsupported()),
            rsa_pub_components_from_public_key: |_| Err(unsupported()),
            ec_pub_components_from_private_key: |_, _| Err(unsupported()),
            ed_pub_components_from_private_key: |_, _| Err(unsupported()),
            compute_digest: |_, _| Err(unsupported()),
        },
    }
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(unsupported())
}

fn module_verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::ES256 => Ok(Box::new(Es256Verifier::new(key)?)),
        Algorithm::PS256 => Ok(Box::new(Ps256Verifier::new(key)?)),
        Algorithm::EdDSA => Ok(Box::new(Ed25519Verifier::new(key)?)),
        _ => Err(unsupported()),
    }
}

fn host_verifier<H: Host>(
    algorithm: &Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::ES256 => Ok(Box::new(ForeignVerifier::<H>::new(key)?)),
        // Envoy's function has no PSS and no Ed25519.
        _ => module_verifier(algorithm, key),
    }
}

fn raw_bytes(key: &DecodingKey, family: AlgorithmFamily) -> Result<&[u8]> {
    if key.family() != family {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    key.try_get_as_bytes()
}

/// The uncompressed point of an EC key (SEC 1 §2.3.3).
fn p256_point(key: &DecodingKey) -> Result<[u8; 65]> {
    match <[u8; 65]>::try_from(raw_bytes(key, AlgorithmFamily::Ec)?) {
        Ok(point @ [0x04, ..]) => Ok(point),
        _ => Err(ErrorKind::InvalidEcdsaKey.into()),
    }
}

fn unsupported() -> Error {
    ErrorKind::UnsupportedAlgorithm.into()
}
