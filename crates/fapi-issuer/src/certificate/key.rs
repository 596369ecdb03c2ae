//! The public key of a certificate, as a JWK has it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Thumbprint;
use sha2::{Digest as _, Sha256};
use x509_parser::oid_registry::{OID_EC_P256, OID_SIG_ED25519};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::CertificateProblem;

/// The RFC 7638 thumbprint of a certificate's key. Keys that FAPI 2.0 has no use for have none.
pub(super) fn thumbprint(der: &[u8]) -> Result<Thumbprint, CertificateProblem> {
    let (_, certificate) =
        x509_parser::parse_x509_certificate(der).map_err(|_| CertificateProblem::Unreadable)?;
    // RFC 7638 §3.3: the required members in the order of their names, without white space.
    let members = members(certificate.public_key()).ok_or(CertificateProblem::OtherKey)?;
    Ok(Thumbprint::from_bytes(Sha256::digest(members).into()))
}

fn members(key: &SubjectPublicKeyInfo<'_>) -> Option<String> {
    let base64 = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    if key.algorithm.algorithm == OID_SIG_ED25519 {
        let x = base64(&key.subject_public_key.data);
        return Some(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    }
    match key.parsed().ok()? {
        PublicKey::RSA(key) => {
            let e = base64(without_zeros(key.exponent));
            let n = base64(without_zeros(key.modulus));
            Some(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#))
        }
        PublicKey::EC(point) => {
            let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
            // SEC 1 §2.3.3: 04, x, y.
            let (x, y) = point.data().strip_prefix(&[4])?.split_at_checked(32)?;
            if curve != OID_EC_P256 || y.len() != 32 {
                return None;
            }
            let (x, y) = (base64(x), base64(y));
            Some(format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
            ))
        }
        _ => None,
    }
}

/// DER puts a zero before a number that would look negative; a JWK does not (RFC 7518 §2).
fn without_zeros(mut octets: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = octets {
        octets = rest;
    }
    octets
}
