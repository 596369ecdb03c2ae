//! A private key that signs tokens, proofs and assertions.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::{Algorithm, Thumbprint};
use serde::Serialize;
use serde_json::Value;

use crate::error::KeyError;
use crate::key_pair::KeyPair;
use crate::private_jwk::{PrivateJwk, private_members};
use crate::public_key::PublicKey;

/// A private key for ES256, PS256 or `EdDSA` with Ed25519.
///
/// `Debug` prints the key id and the algorithm, nothing of the key.
pub struct SigningKey {
    pair: KeyPair,
    public: PublicKey,
    thumbprint: Thumbprint,
    kid: String,
}

impl SigningKey {
    /// Makes a new key. For PS256 it has 2048 bits, which takes tens of milliseconds.
    ///
    /// # Errors
    /// [`KeyError::Backend`] if the back end cannot.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::new(KeyPair::generate(algorithm)?, None)
    }

    /// Reads a private JWK (RFC 7517 §9.3): EC with `P-256`, OKP with `Ed25519`, or RSA with
    /// `n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi`, 2048 to 4096 bits, and no further primes.
    ///
    /// A `kid` is kept; `alg` and `use`, if present, must fit. Unknown members are ignored.
    ///
    /// # Errors
    /// The variant of [`KeyError`] that names the fault. [`KeyError::Rejected`] also stands for a
    /// public half that does not belong to the private one.
    pub fn from_jwk_json(json: &str) -> Result<Self, KeyError> {
        let jwk = PrivateJwk::parse(json)?;
        let pair = jwk.key_pair()?;
        Self::new(pair, jwk.kid)
    }

    /// The same key under another key id.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self {
            kid: kid.into(),
            ..self
        }
    }

    /// The algorithm that the key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.pair.algorithm()
    }

    /// The key id: the given one, else the thumbprint in base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The SHA-256 thumbprint of the public key (RFC 7638 §3).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The public key as an issuer publishes it (RFC 7517 §5): the required members, `kid`, `alg`
    /// and `use`.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut members = self.public.members();
        members.insert("kid".to_owned(), self.kid.as_str().into());
        members.insert("alg".to_owned(), self.algorithm().name().into());
        members.insert("use".to_owned(), "sig".into());
        Value::Object(members)
    }

    /// Only the required members of the public key: the `jwk` of a DPoP proof (RFC 9449 §4.2).
    #[must_use]
    pub fn public_jwk_members(&self) -> Value {
        Value::Object(self.public.members())
    }

    /// The members of [`public_jwk`](Self::public_jwk) and the private ones. Keep it secret.
    ///
    /// # Errors
    /// [`KeyError::Backend`] if the back end does not hand out the key.
    pub fn to_private_jwk(&self) -> Result<Value, KeyError> {
        let mut jwk = self.public_jwk();
        if let Value::Object(members) = &mut jwk {
            members.extend(private_members(&self.pair)?);
        }
        Ok(jwk)
    }

    /// Signs `message` and returns the bytes of the JWS signature (RFC 7515 §5.1 step 5).
    ///
    /// # Errors
    /// [`KeyError::Backend`] if the back end cannot.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.pair.sign(message)
    }

    /// A compact JWT of these claims; its header is `alg`, `typ` and `kid`.
    ///
    /// # Errors
    /// [`KeyError::Claims`] if the claims cannot be written as JSON, [`KeyError::Backend`] if
    /// signing fails.
    pub fn sign_jwt(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        let header = serde_json::json!({
            "alg": self.algorithm().name(),
            "typ": typ,
            "kid": self.kid,
        });
        let claims = serde_json::to_vec(claims).map_err(KeyError::Claims)?;
        self.sign_compact(&header.to_string(), &claims)
    }

    /// A compact JWS of exactly this header and these payload bytes (RFC 7515 §7.1).
    ///
    /// Nothing is filled in and nothing is checked, `alg` neither: a DPoP proof puts its `jwk`
    /// here, and a test puts what a peer must refuse.
    ///
    /// # Errors
    /// [`KeyError::Backend`] if signing fails.
    pub fn sign_compact(&self, header_json: &str, payload: &[u8]) -> Result<String, KeyError> {
        let mut jws = URL_SAFE_NO_PAD.encode(header_json);
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut jws);
        let signature = self.sign(jws.as_bytes())?;
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
        Ok(jws)
    }

    fn new(pair: KeyPair, kid: Option<String>) -> Result<Self, KeyError> {
        let public = pair.public_key()?;
        let thumbprint = public.thumbprint()?;
        Ok(Self {
            pair,
            public,
            thumbprint,
            kid: kid.unwrap_or_else(|| thumbprint.to_string()),
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("alg", &self.algorithm().name())
            .finish_non_exhaustive()
    }
}
