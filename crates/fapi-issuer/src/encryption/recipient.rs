//! The key that something is encrypted for (RFC 7516), with `josekit` and OpenSSL.

use josekit::jwe::{self, JweEncrypter, JweHeader};
use josekit::jwk::Jwk;
use serde_json::{Map, Value};

use super::{EncryptionAlgorithm, SealError};

/// A public key of a reader.
#[derive(Debug)]
pub(crate) struct Recipient(Box<dyn JweEncrypter>);

impl Recipient {
    /// The first key of a JWK set that is for this algorithm. It says so by `alg`, or by `use`: a key that may be one for
    /// signatures does not serve (RFC 7517 §4.2).
    pub(super) fn find(jwks: &[u8], algorithm: EncryptionAlgorithm) -> Option<Self> {
        let document: Value = serde_json::from_slice(jwks).ok()?;
        let keys = document.get("keys")?.as_array()?;
        keys.iter()
            .filter_map(Value::as_object)
            .find_map(|jwk| Self::of_jwk(jwk, algorithm))
    }

    fn of_jwk(jwk: &Map<String, Value>, algorithm: EncryptionAlgorithm) -> Option<Self> {
        let member = |name| jwk.get(name).and_then(Value::as_str);
        if member("use") != Some("enc") && member("alg") != Some(algorithm.name()) {
            return None;
        }
        // `key_ops` means more than josekit makes of it (RFC 7517 §4.3), and adds nothing to the above.
        let mut jwk = jwk.clone();
        jwk.remove("key_ops");
        let key = Jwk::from_map(jwk.clone()).ok()?;
        // Type, `use`, `alg` and the least number of bits are checked there.
        match algorithm {
            EncryptionAlgorithm::RsaOaep256 => {
                let encrypter = jwe::RSA_OAEP_256.encrypter_from_jwk(&key).ok()?;
                Some(Self(Box::new(encrypter)))
            }
            EncryptionAlgorithm::EcdhEs => {
                if jwk.get("crv").and_then(Value::as_str) != Some("P-256") {
                    return None;
                }
                let encrypter = jwe::ECDH_ES.encrypter_from_jwk(&key).ok()?;
                Some(Self(Box::new(encrypter)))
            }
        }
    }

    /// A JWE in compact serialisation around a signed JWT.
    pub(super) fn encrypt(&self, jwt: &str) -> Result<String, SealError> {
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        // RFC 7519 §5.2.
        header.set_content_type("JWT");
        jwe::serialize_compact(jwt.as_bytes(), &header, &*self.0).map_err(|_| SealError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use josekit::jwk::alg::ec::EcCurve;
    use serde_json::json;

    use super::*;

    fn public(jwk: &Jwk, changes: Value) -> Value {
        let mut members = Map::clone(jwk.to_public_key().unwrap().as_ref());
        members.extend(changes.as_object().unwrap().clone());
        members.into()
    }

    fn finds(jwk: Value, algorithm: EncryptionAlgorithm) -> bool {
        let jwks = json!({ "keys": [jwk] }).to_string();
        Recipient::find(jwks.as_bytes(), algorithm).is_some()
    }

    #[test]
    fn a_key_has_to_be_one_for_encryption() {
        use EncryptionAlgorithm::{EcdhEs, RsaOaep256};
        let ec = Jwk::generate_ec_key(EcCurve::P256).unwrap();
        let rsa = Jwk::generate_rsa_key(2048).unwrap();
        let encrypts = json!({ "use": "enc", "kid": "e" });
        assert!(finds(public(&ec, encrypts.clone()), EcdhEs));
        assert!(finds(public(&rsa, encrypts.clone()), RsaOaep256));
        assert!(finds(public(&ec, json!({ "alg": "ECDH-ES" })), EcdhEs));
        assert!(finds(
            public(&rsa, json!({ "alg": "RSA-OAEP-256" })),
            RsaOaep256
        ));
        // With what RFC 7517 §4.3 lets one say of it.
        let operations = json!({ "use": "enc", "key_ops": ["wrapKey"] });
        assert!(finds(public(&rsa, operations), RsaOaep256));

        assert!(!finds(public(&ec, encrypts.clone()), RsaOaep256));
        assert!(!finds(public(&rsa, encrypts.clone()), EcdhEs));
        for signs in [
            json!({}),
            json!({ "use": "sig" }),
            json!({ "alg": "ES256" }),
        ] {
            assert!(!finds(public(&ec, signs.clone()), EcdhEs), "{signs}");
        }
        let other = json!({ "use": "enc", "alg": "ECDH-ES+A256KW" });
        assert!(!finds(public(&ec, other), EcdhEs));
        let p384 = Jwk::generate_ec_key(EcCurve::P384).unwrap();
        assert!(!finds(public(&p384, encrypts.clone()), EcdhEs));
        let off_the_curve = json!({ "use": "enc", "y": "AAAA" });
        assert!(!finds(public(&ec, off_the_curve), EcdhEs));
        let short = json!({ "use": "enc", "n": "AQAB" });
        assert!(!finds(public(&rsa, short), RsaOaep256));
        for wrong in ["", "[]", "{}", r#"{"keys":1}"#, r#"{"keys":[1]}"#] {
            assert!(
                Recipient::find(wrong.as_bytes(), EcdhEs).is_none(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_is_encrypted_twice_looks_different() {
        let rsa = Jwk::generate_rsa_key(2048).unwrap();
        let jwks = json!({ "keys": [public(&rsa, json!({ "use": "enc" }))] }).to_string();
        let recipient = Recipient::find(jwks.as_bytes(), EncryptionAlgorithm::RsaOaep256).unwrap();
        assert_ne!(
            recipient.encrypt("x").unwrap(),
            recipient.encrypt("x").unwrap()
        );
    }
}
