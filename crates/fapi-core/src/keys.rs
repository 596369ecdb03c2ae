//! An issuer's key set (RFC 7517 §5), parsed once.

use std::fmt;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::CryptoProvider;
use serde::de::MapAccess;
use serde_json::value::RawValue;

use crate::jose::header::{SignedHeader, is_type};
use crate::jose::json::{Members, NotStrictJson, read_object};
use crate::jose::jwk::Jwk;
use crate::jose::jws::{self, CompactJws};
use crate::jose::signature::{self, BadSignature};
use crate::jose::{Algorithm, InvalidJws, KeyError, PublicKey, Thumbprint};

/// The keys that verify an issuer's tokens.
///
/// Keys that cannot serve (another type, use or algorithm, too short) are left out, as RFC 7517 §5 advises; a set that
/// shows private material is refused as a whole.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
}

/// One key of a set.
#[derive(Clone)]
pub(crate) struct VerificationKey {
    kid: Option<Box<str>>,
    algorithm: Option<Algorithm>,
    key: PublicKey,
    decoding_key: DecodingKey,
}

/// Why a document is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySetError {
    /// Larger than [`KeySet::MAX_BYTES`].
    TooLarge,
    /// More than [`KeySet::MAX_KEYS`] keys.
    TooManyKeys,
    /// Not a JSON object with an array `keys` of objects, or a member twice.
    Malformed,
    /// A private or symmetric key stands in it.
    Private,
    /// No key in it verifies a signature that FAPI 2.0 allows.
    NoUsableKey,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the key set is larger than 256 KiB",
            Self::TooManyKeys => "the key set has more than 100 keys",
            Self::Malformed => "not a JWK set (RFC 7517 §5)",
            Self::Private => "the key set holds a private or symmetric key",
            Self::NoUsableKey => {
                "no key of the set verifies ES256, PS256 (2048 to 4096 bits) or EdDSA (Ed25519) signatures"
            }
        })
    }
}

impl std::error::Error for KeySetError {}

impl KeySet {
    /// The largest document, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;
    /// The most keys in one set.
    pub const MAX_KEYS: usize = 100;
    /// How many keys are tried for one signature.
    const MAX_TRIED: usize = 4;

    /// Reads a JWK set.
    ///
    /// # Errors
    ///
    /// [`KeySetError`] says what is wrong with the document as a whole. A single key that we cannot use is no error.
    pub fn from_json(json: &[u8]) -> Result<Self, KeySetError> {
        if json.len() > Self::MAX_BYTES {
            return Err(KeySetError::TooLarge);
        }
        let mut document = Document::default();
        read_object(json, &mut document).map_err(|NotStrictJson| KeySetError::Malformed)?;
        let jwks = document.keys.ok_or(KeySetError::Malformed)?;
        if jwks.len() > Self::MAX_KEYS {
            return Err(KeySetError::TooManyKeys);
        }
        let mut keys = Vec::with_capacity(jwks.len());
        for jwk in &jwks {
            // RFC 7517 §5: keys that we do not understand are ignored, one by one.
            match Jwk::parse_among_others(jwk.get().as_bytes())
                .and_then(|jwk| VerificationKey::from_jwk(&jwk))
            {
                Ok(key) => keys.push(key),
                Err(KeyError::Private) => return Err(KeySetError::Private),
                Err(KeyError::Malformed) => return Err(KeySetError::Malformed),
                Err(KeyError::Unsupported | KeyError::Invalid | KeyError::ForOtherUse) => {}
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        Ok(Self { keys })
    }

    /// Whether the key with this thumbprint is in the set.
    #[must_use]
    pub fn contains(&self, thumbprint: &Thumbprint) -> bool {
        self.keys
            .iter()
            .any(|key| key.key.thumbprint() == thumbprint)
    }

    /// Whether a key has this `kid`.
    #[must_use]
    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The payload of a compact JWS that has this `typ` and was signed by a key of this set (RFC 7515 §5.2).
    ///
    /// For a server that gets back what it has signed itself. The payload is what the signer wrote, and no claim in it
    /// has been looked at: neither whose it is, nor until when.
    ///
    /// # Errors
    ///
    /// [`InvalidJws`] for everything else.
    pub fn open(
        &self,
        jws: &str,
        typ: &str,
        provider: &CryptoProvider,
    ) -> Result<Vec<u8>, InvalidJws> {
        let jws = CompactJws::split(jws).ok_or(InvalidJws)?;
        let decode = |part| jws::decode(part).ok_or(InvalidJws);
        let json = decode(jws.header)?;
        let mut header = SignedHeader::default();
        read_object(&json, &mut header).map_err(|NotStrictJson| InvalidJws)?;
        // RFC 8725 §3.11: another kind of JWT of the same signer is not what is asked for.
        if !header.typ.is_some_and(|claimed| is_type(&claimed.0, typ)) {
            return Err(InvalidJws);
        }
        let algorithm = header
            .alg
            .and_then(|alg| Algorithm::from_name(&alg.0))
            .ok_or(InvalidJws)?;
        let kid = header.kid.as_ref().map(|kid| &*kid.0);
        let signature = decode(jws.signature)?;
        self.verify(provider, kid, algorithm, jws.signing_input, &signature)
            .map_err(|BadSignature| InvalidJws)?;
        decode(jws.payload)
    }

    /// Verifies a signature with the key `kid`, or without one with the keys that suit, at most four.
    ///
    /// Several keys with one `kid` are all tried (FAPI 2.0 Security Profile §5.4.3). Answers the thumbprint of the key
    /// that verified it.
    pub(crate) fn verify(
        &self,
        provider: &CryptoProvider,
        kid: Option<&str>,
        algorithm: Algorithm,
        message: &str,
        signature: &Vec<u8>,
    ) -> Result<Thumbprint, BadSignature> {
        self.keys
            .iter()
            .filter(|key| kid.is_none() || key.kid.as_deref() == kid)
            .filter(|key| key.key.suits(algorithm))
            .filter(|key| key.algorithm.is_none_or(|only| only == algorithm))
            .take(Self::MAX_TRIED)
            .find(|key| {
                signature::verify(
                    provider,
                    algorithm,
                    &key.key,
                    &key.decoding_key,
                    message,
                    signature,
                )
                .is_ok()
            })
            .map(|key| *key.key.thumbprint())
            .ok_or(BadSignature)
    }
}

impl VerificationKey {
    fn from_jwk(jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        let key = jwk.public_key()?;
        Ok(Self {
            kid: jwk.kid().map(Into::into),
            algorithm: jwk.algorithm()?,
            decoding_key: key.decoding_key(),
            key,
        })
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("key", &self.key)
            .finish()
    }
}

#[derive(Default)]
struct Document<'de> {
    keys: Option<Vec<&'de RawValue>>,
}

impl<'de> Members<'de> for Document<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "keys" => crate::jose::json::take(&mut self.keys, map),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
    const ED: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn set(keys: &str) -> Result<KeySet, KeySetError> {
        KeySet::from_json(format!("{{\"keys\":[{keys}]}}").as_bytes())
    }

    #[test]
    fn keys_are_found_by_kid_and_by_thumbprint() {
        let keys = set(&format!(r#"{{{EC},"kid":"a"}},{{{ED}}}"#)).unwrap();
        assert!(keys.has_kid("a"));
        for absent in ["", "b", "A", "a "] {
            assert!(!keys.has_kid(absent), "{absent:?}");
        }
        for jwk in [EC, ED] {
            let key = PublicKey::from_jwk(&format!("{{{jwk}}}")).unwrap();
            assert!(keys.contains(key.thumbprint()));
        }
        assert!(!keys.contains(&Thumbprint::from_bytes([0; 32])));
    }

    #[test]
    fn keys_that_cannot_serve_are_left_out() {
        let unusable = [
            format!(r#"{{{EC},"use":"enc","kid":"x"}}"#),
            format!(r#"{{{EC},"key_ops":["sign"],"kid":"x"}}"#),
            format!(r#"{{{EC},"alg":"ES384","kid":"x"}}"#),
            r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA","kid":"x"}"#.to_owned(),
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"x"}"#.to_owned(),
            r#"{"kty":"XX","kid":"x"}"#.to_owned(),
            r#"{"kid":"x"}"#.to_owned(),
            format!(r#"{{{EC},"alg":1,"kid":"x"}}"#),
            format!(r#"{{{EC},"key_ops":"verify","kid":"x"}}"#),
        ];
        for jwk in &unusable {
            assert_eq!(set(jwk).unwrap_err(), KeySetError::NoUsableKey, "{jwk}");
        }
        let all = format!(r#"{},{{{EC},"kid":"good"}}"#, unusable.join(","));
        let keys = set(&all).unwrap();
        assert!(keys.has_kid("good") && !keys.has_kid("x"));
    }

    #[test]
    fn what_is_no_key_set_is_malformed() {
        for json in [
            "",
            "<html>",
            "null",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":null}"#,
            r#"{"keys":[1]}"#,
            r#"{"keys":[],"keys":[]}"#,
            r#"{"keys":[]} x"#,
        ] {
            let error = KeySet::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error, KeySetError::Malformed, "{json}");
        }
        assert_eq!(set("").unwrap_err(), KeySetError::NoUsableKey);
        let doubled = format!(r#"{{{EC},"x":"AA"}}"#);
        assert_eq!(set(&doubled).unwrap_err(), KeySetError::Malformed);
    }

    #[test]
    fn private_material_condemns_the_set() {
        for jwk in [
            r#"{"kty":"oct","k":"AA"}"#,
            &format!(r#"{{{EC},"d":"AA"}}"#),
            &format!(r#"{{{EC},"d":1,"alg":1}}"#),
        ] {
            let keys = format!(r#"{{{EC}}},{jwk}"#);
            assert_eq!(set(&keys).unwrap_err(), KeySetError::Private, "{jwk}");
        }
    }

    #[test]
    fn sets_are_bounded() {
        let keys = |count: usize| vec![format!("{{{EC}}}"); count].join(",");
        assert!(set(&keys(KeySet::MAX_KEYS)).is_ok());
        assert_eq!(
            set(&keys(KeySet::MAX_KEYS + 1)).unwrap_err(),
            KeySetError::TooManyKeys
        );
        let large = vec![b' '; KeySet::MAX_BYTES + 1];
        assert_eq!(
            KeySet::from_json(&large).unwrap_err(),
            KeySetError::TooLarge
        );
    }
}
