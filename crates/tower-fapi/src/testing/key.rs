//! Key pairs of issuers and clients.

use std::sync::Arc;

use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_crypto::SigningKey;
use serde_json::Value;

/// A key pair that signs tokens or proofs. Clones are the same key.
#[derive(Clone, Debug)]
pub struct TestKey(Arc<SigningKey>);

impl TestKey {
    /// A new key. For PS256 this takes tens of milliseconds.
    ///
    /// # Panics
    /// The system gave no random bytes.
    #[must_use]
    pub fn generate(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm);
        Self(Arc::new(key.expect("the back end makes keys")))
    }

    /// The key of a private JWK (RFC 7517 §9.3), for tests that need the same key each time.
    ///
    /// # Panics
    /// The text is no private key that FAPI 2.0 allows.
    #[must_use]
    pub fn from_jwk(json: &str) -> Self {
        let key = SigningKey::from_jwk_json(json);
        Self(Arc::new(key.expect("a private JWK")))
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    /// The `kid` under which an issuer publishes it: its thumbprint, or what the JWK said.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// The SHA-256 thumbprint (RFC 7638 §3), the value of `cnf.jkt`.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.0.thumbprint()
    }

    /// The public key as an issuer publishes it, with `kid`, `alg` and `use`.
    #[must_use]
    pub fn published_jwk(&self) -> Value {
        self.0.public_jwk()
    }

    /// The public key as a proof shows it, with the required members alone (RFC 7638 §3.2).
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        self.0.public_jwk_members()
    }

    /// The private key as a JWK.
    ///
    /// # Panics
    /// The back end does not hand the key out.
    #[must_use]
    pub fn private_jwk(&self) -> Value {
        let jwk = self.0.to_private_jwk();
        jwk.expect("the back end hands the key out")
    }

    /// Signs these bytes, in the form that JWS wants (RFC 7518 §3).
    ///
    /// # Panics
    /// The back end failed.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).expect("the back end signs")
    }
}
