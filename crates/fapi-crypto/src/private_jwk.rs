//! Private JWKs: EC with P-256, RSA with two primes, OKP with Ed25519.

use aws_lc_rs::encoding::{AsBigEndian as _, Curve25519SeedBin, EcPrivateKeyBin};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{KeyError, Operation};
use crate::key_pair::{KeyPair, with_rsa_private_values};
use crate::public_key::is_rsa_in_range;

/// The members that we know. Others are ignored (RFC 7517 §4); one given twice is an error.
#[derive(Deserialize)]
pub(crate) struct PrivateJwk {
    kty: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
    pub(crate) kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
}

impl PrivateJwk {
    pub(crate) fn parse(json: &str) -> Result<Self, KeyError> {
        // The message of serde_json quotes the input; only the position is safe to pass on.
        serde_json::from_str(json).map_err(|error| KeyError::Json {
            line: error.line(),
            column: error.column(),
        })
    }

    /// Checks the values and that the public half belongs to the private one.
    pub(crate) fn key_pair(&self) -> Result<KeyPair, KeyError> {
        let pair = match (required(&self.kty, "kty")?, self.crv.as_deref()) {
            ("EC", Some("P-256")) => self.p256()?,
            ("RSA", _) => self.rsa()?,
            ("OKP", Some("Ed25519")) => self.ed25519()?,
            ("EC" | "OKP", None) => return Err(KeyError::Missing("crv")),
            _ => return Err(KeyError::UnsupportedKeyType),
        };
        match self.alg.as_deref() {
            Some(alg) if Algorithm::from_name(alg) != Some(pair.algorithm()) => {
                return Err(KeyError::AlgorithmMismatch);
            }
            _ => {}
        }
        match self.usage.as_deref() {
            None | Some("sig") => Ok(pair),
            Some(_) => Err(KeyError::NotForSigning),
        }
    }

    fn p256(&self) -> Result<KeyPair, KeyError> {
        let mut point = [0x04; 65];
        let (_, coordinates) = point.split_at_mut(1);
        let (x, y) = coordinates.split_at_mut(32);
        x.copy_from_slice(&octets(&self.x, "x")?);
        y.copy_from_slice(&octets(&self.y, "y")?);
        let d = octets(&self.d, "d")?;
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
            .map(KeyPair::Es256)
            .map_err(|_| KeyError::Rejected)
    }

    fn ed25519(&self) -> Result<KeyPair, KeyError> {
        let seed = octets(&self.d, "d")?;
        let public = octets(&self.x, "x")?;
        Ed25519KeyPair::from_seed_and_public_key(&seed, &public)
            .map(KeyPair::EdDsa)
            .map_err(|_| KeyError::Rejected)
    }

    fn rsa(&self) -> Result<KeyPair, KeyError> {
        let public_key = PublicKeyComponents {
            n: unsigned(&self.n, "n")?,
            e: unsigned(&self.e, "e")?,
        };
        if !is_rsa_in_range(&public_key.n, &public_key.e) {
            return Err(KeyError::RsaRange);
        }
        let components = KeyPairComponents {
            public_key,
            d: unsigned(&self.d, "d")?,
            p: unsigned(&self.p, "p")?,
            q: unsigned(&self.q, "q")?,
            dP: unsigned(&self.dp, "dp")?,
            dQ: unsigned(&self.dq, "dq")?,
            qInv: unsigned(&self.qi, "qi")?,
        };
        // The back end checks n = p q and the CRT values, which also excludes a third prime.
        RsaKeyPair::from_components(&components)
            .map(KeyPair::Ps256)
            .map_err(|_| KeyError::Rejected)
    }
}

/// The members that a private JWK has beyond the public one.
pub(crate) fn private_members(pair: &KeyPair) -> Result<Map<String, Value>, KeyError> {
    let failed = |_| KeyError::Backend(Operation::Export);
    let mut members = Map::new();
    let mut put = |name: &str, bytes: &[u8]| {
        members.insert(name.to_owned(), URL_SAFE_NO_PAD.encode(bytes).into());
    };
    match pair {
        KeyPair::Es256(pair) => {
            let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(failed)?;
            put("d", d.as_ref());
        }
        KeyPair::Ps256(pair) => with_rsa_private_values(pair, |values| {
            put("d", values.d);
            put("p", values.p);
            put("q", values.q);
            put("dp", values.dp);
            put("dq", values.dq);
            put("qi", values.qi);
        })?,
        KeyPair::EdDsa(pair) => {
            let seed = pair.seed().map_err(failed)?;
            let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(failed)?;
            put("d", seed.as_ref());
        }
    }
    Ok(members)
}

fn required<'a>(member: &'a Option<String>, name: &'static str) -> Result<&'a str, KeyError> {
    member.as_deref().ok_or(KeyError::Missing(name))
}

/// RFC 7518 §6.2.1.2, §6.2.2.1 and RFC 8037 §2: always 32 bytes, leading zeros included.
fn octets(member: &Option<String>, name: &'static str) -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    match URL_SAFE_NO_PAD.decode_slice(required(member, name)?, &mut bytes) {
        Ok(32) => Ok(bytes),
        _ => Err(KeyError::Encoding(name)),
    }
}

/// A `Base64urlUInt` above zero (RFC 7518 §2): big-endian, no leading zeros.
fn unsigned(member: &Option<String>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    match URL_SAFE_NO_PAD.decode(required(member, name)?) {
        Ok(bytes) if bytes.first().is_some_and(|byte| *byte != 0) => Ok(bytes),
        _ => Err(KeyError::Encoding(name)),
    }
}
