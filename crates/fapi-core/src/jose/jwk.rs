//! Public keys read from JWKs (RFC 7517), checked before any signature back end sees them.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::de::MapAccess;
use sha2::{Digest as _, Sha256};

use super::json::{Members, NotStrictJson, Text, TextArray, read_object, take};
use super::{Algorithm, Thumbprint, jws, point};

/// A public key of a kind that FAPI 2.0 allows (Security Profile §5.4.1): on P-256, RSA of 2048 to 4096 bits, Ed25519.
///
/// Its encoding has been checked: a point is on its curve and of large order, a modulus odd and without leading zeros,
/// an exponent odd and from 65537 to 2³² − 1.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    material: Material,
    thumbprint: Thumbprint,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    /// The uncompressed point of SEC 1 §2.3.3: 4, x, y.
    P256([u8; 65]),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Ed25519([u8; 32]),
}

/// Why a JWK is no key that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a JSON object, a member twice, or a member of the wrong type.
    Malformed,
    /// A private or symmetric key where a public one belongs (RFC 9449 §4.3 check 7).
    Private,
    /// A `kty` or `crv` that FAPI 2.0 has no use for.
    Unsupported,
    /// Coordinates or numbers missing, of the wrong length, or not a key at all.
    Invalid,
    /// `use`, `key_ops` or `alg` say that the key is for something else (RFC 7517 §4.2–4.4).
    ForOtherUse,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a well-formed JWK",
            Self::Private => "holds private key material",
            Self::Unsupported => "of a type or curve that FAPI 2.0 does not allow",
            Self::Invalid => "not a valid public key",
            Self::ForOtherUse => "meant for another use or algorithm",
        })
    }
}

impl std::error::Error for KeyError {}

impl PublicKey {
    /// Reads a public JWK.
    ///
    /// # Errors
    ///
    /// [`KeyError`] names what is wrong. Members that RFC 7517 does not know are ignored.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        Jwk::parse(json.as_bytes())?.public_key()
    }

    /// The RFC 7638 thumbprint.
    #[must_use]
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// Whether signatures of `algorithm` are made with keys of this kind.
    #[must_use]
    pub const fn suits(&self, algorithm: Algorithm) -> bool {
        matches!(
            (&self.material, algorithm),
            (Material::P256(_), Algorithm::Es256)
                | (Material::Rsa { .. }, Algorithm::Ps256)
                | (Material::Ed25519(_), Algorithm::EdDsa)
        )
    }

    /// The length in bytes of a signature by this key.
    pub(crate) const fn signature_length(&self) -> usize {
        match &self.material {
            Material::P256(_) | Material::Ed25519(_) => 64,
            Material::Rsa { modulus, .. } => modulus.len(),
        }
    }

    /// The key as `jsonwebtoken` takes it. These constructors never ask for a process-wide provider.
    pub(crate) fn decoding_key(&self) -> DecodingKey {
        match &self.material {
            Material::P256(point) => DecodingKey::from_ec_der(point),
            Material::Rsa { modulus, exponent } => {
                DecodingKey::from_rsa_raw_components(modulus, exponent)
            }
            Material::Ed25519(point) => DecodingKey::from_ed_der(point),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint)
    }
}

/// The members of a JWK, typed, not yet judged.
#[derive(Default)]
pub(crate) struct Jwk<'de> {
    kty: Option<Text<'de>>,
    crv: Option<Text<'de>>,
    x: Option<Text<'de>>,
    y: Option<Text<'de>>,
    n: Option<Text<'de>>,
    e: Option<Text<'de>>,
    alg: Option<Text<'de>>,
    kid: Option<Text<'de>>,
    usage: Option<Text<'de>>,
    key_ops: Option<TextArray<'de>>,
    private: Option<Private>,
}

/// A private member was there.
struct Private;

impl<'de> Members<'de> for Jwk<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "kty" => take(&mut self.kty, map),
            "crv" => take(&mut self.crv, map),
            "x" => take(&mut self.x, map),
            "y" => take(&mut self.y, map),
            "n" => take(&mut self.n, map),
            "e" => take(&mut self.e, map),
            "alg" => take(&mut self.alg, map),
            "kid" => take(&mut self.kid, map),
            "use" => take(&mut self.usage, map),
            "key_ops" => take(&mut self.key_ops, map),
            name if is_private(name) => {
                self.private = Some(Private);
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

/// RFC 7518 §6.2.2, §6.3.2, §6.4.1: also an RSA key that has only its primes.
fn is_private(name: &str) -> bool {
    matches!(name, "d" | "p" | "q" | "dp" | "dq" | "qi" | "oth" | "k")
}

/// An object that is no JWK, looked at for private members alone.
#[derive(Default)]
struct Leftover {
    private: Option<Private>,
}

impl<'de> Members<'de> for Leftover {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        _map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        if is_private(name) {
            self.private = Some(Private);
        }
        Ok(None)
    }
}

impl<'de> Jwk<'de> {
    pub(crate) fn parse(json: &'de [u8]) -> Result<Self, KeyError> {
        let mut jwk = Self::default();
        read_object(json, &mut jwk).map_err(|NotStrictJson| KeyError::Malformed)?;
        Ok(jwk)
    }

    /// A JWK among others. A member of the wrong type makes it one that we do not understand; what is no object, or has
    /// a member twice, is malformed.
    pub(crate) fn parse_among_others(json: &'de [u8]) -> Result<Self, KeyError> {
        Self::parse(json).or_else(|_| {
            let mut leftover = Leftover::default();
            read_object(json, &mut leftover).map_err(|NotStrictJson| KeyError::Malformed)?;
            Err(match leftover.private {
                Some(Private) => KeyError::Private,
                None => KeyError::Unsupported,
            })
        })
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_ref().map(|kid| &*kid.0)
    }

    /// The algorithm that the key is limited to, if it names one.
    pub(crate) fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        match &self.alg {
            None => Ok(None),
            Some(name) => Algorithm::from_name(&name.0)
                .map(Some)
                .ok_or(KeyError::ForOtherUse),
        }
    }

    /// The key, if it may verify signatures.
    pub(crate) fn public_key(&self) -> Result<PublicKey, KeyError> {
        if self.private.is_some() {
            return Err(KeyError::Private);
        }
        let key = match (text(&self.kty)?, self.crv.as_ref().map(|crv| &*crv.0)) {
            ("EC", Some("P-256")) => self.p256()?,
            ("RSA", _) => self.rsa()?,
            ("OKP", Some("Ed25519")) => self.ed25519()?,
            ("oct", _) => return Err(KeyError::Private),
            _ => return Err(KeyError::Unsupported),
        };
        self.check_use(&key)?;
        Ok(key)
    }

    fn check_use(&self, key: &PublicKey) -> Result<(), KeyError> {
        let for_signatures = self.usage.as_ref().is_none_or(|usage| usage.0 == "sig");
        let for_verifying = self
            .key_ops
            .as_ref()
            .is_none_or(|operations| operations.0.iter().any(|operation| operation == "verify"));
        let for_its_algorithm = self
            .algorithm()?
            .is_none_or(|algorithm| key.suits(algorithm));
        if for_signatures && for_verifying && for_its_algorithm {
            Ok(())
        } else {
            Err(KeyError::ForOtherUse)
        }
    }

    fn p256(&self) -> Result<PublicKey, KeyError> {
        let (x_text, y_text) = (text(&self.x)?, text(&self.y)?);
        // RFC 7518 §6.2.1.2: the full size of a coordinate, leading zeros kept.
        let (x, y) = (bytes32(x_text)?, bytes32(y_text)?);
        if !point::is_on_p256(&x, &y) {
            return Err(KeyError::Invalid);
        }
        let mut encoded = [4; 65];
        let coordinates = x.iter().chain(&y);
        encoded
            .iter_mut()
            .skip(1)
            .zip(coordinates)
            .for_each(|(place, byte)| *place = *byte);
        Ok(PublicKey {
            material: Material::P256(encoded),
            thumbprint: thumbprint(&[
                r#"{"crv":"P-256","kty":"EC","x":""#,
                x_text,
                r#"","y":""#,
                y_text,
                r#""}"#,
            ]),
        })
    }

    fn ed25519(&self) -> Result<PublicKey, KeyError> {
        let x_text = text(&self.x)?;
        let x = bytes32(x_text)?;
        if point::is_refused_ed25519(&x) {
            return Err(KeyError::Invalid);
        }
        Ok(PublicKey {
            material: Material::Ed25519(x),
            thumbprint: thumbprint(&[r#"{"crv":"Ed25519","kty":"OKP","x":""#, x_text, r#""}"#]),
        })
    }

    fn rsa(&self) -> Result<PublicKey, KeyError> {
        let (n_text, e_text) = (text(&self.n)?, text(&self.e)?);
        // Before decoding: 4096 bits are 683 characters. A larger modulus costs more than a request is worth.
        if n_text.len() > 683 {
            return Err(KeyError::Invalid);
        }
        let modulus = jws::decode(n_text).ok_or(KeyError::Invalid)?;
        let exponent = jws::decode(e_text).ok_or(KeyError::Invalid)?;
        let well_sized = (2048..=4096).contains(&bits(&modulus));
        let odd = modulus.last().is_some_and(|byte| byte & 1 == 1);
        if well_sized && odd && is_good_exponent(&exponent) {
            Ok(PublicKey {
                thumbprint: thumbprint(&[
                    r#"{"e":""#,
                    e_text,
                    r#"","kty":"RSA","n":""#,
                    n_text,
                    r#""}"#,
                ]),
                material: Material::Rsa { modulus, exponent },
            })
        } else {
            Err(KeyError::Invalid)
        }
    }
}

/// RFC 7518 §6.3.1: big-endian, as few octets as possible. Odd, at least 65537, below 2³².
fn is_good_exponent(exponent: &[u8]) -> bool {
    let value = match exponent {
        [0, ..] | [] => return false,
        [_] | [_, _] => return false,
        [a, b, c] => u32::from_be_bytes([0, *a, *b, *c]),
        [a, b, c, d] => u32::from_be_bytes([*a, *b, *c, *d]),
        [_, _, _, _, _, ..] => return false,
    };
    value >= 65537 && value & 1 == 1
}

/// The bit length of a big-endian number; 0 where a leading zero octet makes it a second spelling (RFC 7518 §6.3.1.1).
fn bits(number: &[u8]) -> usize {
    match number.first() {
        None | Some(0) => 0,
        Some(first) => number
            .len()
            .saturating_mul(8)
            .saturating_sub(first.leading_zeros() as usize),
    }
}

fn text<'a>(member: &'a Option<Text<'_>>) -> Result<&'a str, KeyError> {
    match member {
        Some(Text(Cow::Borrowed(text))) => Ok(text),
        Some(Text(Cow::Owned(text))) => Ok(text),
        None => Err(KeyError::Invalid),
    }
}

fn bytes32(text: &str) -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(32) => Ok(bytes),
        _ => Err(KeyError::Invalid),
    }
}

/// RFC 7638 §3: the required members in their order, no white space. The values are base64url by now, so need no escapes,
/// and have one spelling, so the text as it came serves.
fn thumbprint(parts: &[&str]) -> Thumbprint {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    Thumbprint::from_bytes(digest.finalize().into())
}

#[cfg(test)]
mod tests;
