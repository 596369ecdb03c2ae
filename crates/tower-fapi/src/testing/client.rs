//! A client that consists of a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::jose::{Algorithm, Thumbprint};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::TestKey;
use super::jwt::{Draft, jwt_knobs, random_jti};

/// Makes DPoP proofs (RFC 9449 §4).
#[derive(Clone, Debug)]
pub struct TestClient {
    key: TestKey,
}

impl TestClient {
    /// A client with a new ES256 key.
    ///
    /// # Panics
    /// The system gave no random bytes.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "what holds a key does not appear by default"
    )]
    pub fn new() -> Self {
        Self::with_algorithm(Algorithm::Es256)
    }

    /// A client with a new key for this algorithm.
    ///
    /// # Panics
    /// The system gave no random bytes.
    #[must_use]
    pub fn with_algorithm(algorithm: Algorithm) -> Self {
        Self::with_key(TestKey::generate(algorithm))
    }

    /// A client with this key.
    #[must_use]
    pub const fn with_key(key: TestKey) -> Self {
        Self { key }
    }

    /// The key that signs its proofs.
    #[must_use]
    pub const fn key(&self) -> &TestKey {
        &self.key
    }

    /// The thumbprint to which the issuer binds its tokens.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.key.thumbprint()
    }

    /// A proof for a request with this method to this public URL, issued now, with a random `jti`.
    ///
    /// At a protected resource it also needs [`ProofBuilder::token`].
    pub fn proof(&self, method: &str, url: &str, now: UnixTime) -> ProofBuilder {
        let header = json!({
            "typ": "dpop+jwt",
            "alg": self.key.algorithm().name(),
            "jwk": self.key.public_jwk(),
        });
        let claims = json!({
            "jti": random_jti(),
            "htm": method,
            "htu": url,
            "iat": now.as_secs(),
        });
        ProofBuilder(Draft::new(header, claims, self.key.clone()))
    }
}

/// A DPoP proof in the making: good until a knob is turned.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ProofBuilder(Draft);

impl ProofBuilder {
    /// `ath`: the hash of the access token that the proof goes with.
    pub fn token(self, token: &str) -> Self {
        self.claim("ath", URL_SAFE_NO_PAD.encode(Sha256::digest(token)))
    }

    /// `ath`, as it is given.
    pub fn ath(self, ath: impl Into<Value>) -> Self {
        self.claim("ath", ath)
    }

    /// `nonce`: what the server sent in `DPoP-Nonce`.
    pub fn nonce(self, nonce: impl Into<Value>) -> Self {
        self.claim("nonce", nonce)
    }

    /// `typ`, which is `dpop+jwt`.
    pub fn typ(self, typ: impl Into<Value>) -> Self {
        self.header("typ", typ)
    }

    /// `alg`, which is the key's. The signature is still made as the key does it.
    pub fn alg(self, alg: impl Into<Value>) -> Self {
        self.header("alg", alg)
    }

    /// `jwk`, which is the client's public key. The signature is still made with the client's key.
    pub fn jwk(self, jwk: impl Into<Value>) -> Self {
        self.header("jwk", jwk)
    }

    /// `htm`: the method.
    pub fn htm(self, method: impl Into<Value>) -> Self {
        self.claim("htm", method)
    }

    /// `htu`: the URL.
    pub fn htu(self, url: impl Into<Value>) -> Self {
        self.claim("htu", url)
    }

    /// `iat`: when the proof was made.
    pub fn issued_at(self, time: UnixTime) -> Self {
        self.claim("iat", time.as_secs())
    }

    /// `jti`: what makes the proof one of its kind.
    pub fn jti(self, jti: impl Into<Value>) -> Self {
        self.claim("jti", jti)
    }
}

jwt_knobs!(ProofBuilder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_hash_is_that_of_rfc_9449() {
        // RFC 9449 §7.1, figures 12 and 13.
        let proof = TestClient::new()
            .proof(
                "GET",
                "https://resource.example.org/",
                UnixTime::from_secs(0),
            )
            .token("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let claims: Value = serde_json::from_str(&proof.claims_json()).unwrap();
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    }

    #[test]
    fn raw_text_goes_out_as_it_is() {
        let proof = TestClient::new()
            .proof("GET", "https://a.example/", UnixTime::from_secs(0))
            .raw_header("{}")
            .raw_claims(vec![0xff])
            .signature(super::super::signature::empty)
            .build();
        assert_eq!(proof, "e30._w.");
    }
}
