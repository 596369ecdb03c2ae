//! The issuer's own keys.

use fapi_core::config::ConfigError;
use fapi_crypto::{KeyError, SigningKey};
use serde::Serialize;
use serde_json::{Value, json};

/// The key that signs, and those that are still published.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    current: SigningKey,
    others: Vec<SigningKey>,
}

impl SigningKeys {
    /// The first key signs. Each `kid` may be there once (FAPI 2.0 Security Profile §5.4.3).
    pub(crate) fn new(keys: Vec<SigningKey>) -> Result<Self, ConfigError> {
        for (place, key) in keys.iter().enumerate() {
            if keys
                .iter()
                .take(place)
                .any(|earlier| earlier.kid() == key.kid())
            {
                return Err(ConfigError::invalid(
                    format!("signing_keys[{place}]"),
                    "has the `kid` of an earlier key",
                ));
            }
        }
        let mut keys = keys.into_iter();
        let current = keys
            .next()
            .ok_or_else(|| ConfigError::missing("signing_keys", "nothing to sign with"))?;
        Ok(Self {
            current,
            others: keys.collect(),
        })
    }

    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        self.current.sign_jwt(typ, claims)
    }

    /// The public keys (RFC 7517 §5).
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<_> = std::iter::once(&self.current)
            .chain(&self.others)
            .map(SigningKey::public_jwk)
            .collect();
        json!({ "keys": keys })
    }
}
