//! The key that signs our client assertions (RFC 7523).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;
use serde::Deserialize;

/// A private key, for ES256 or Ed25519. Signatures are deterministic: they need no random bytes.
pub(crate) struct SigningKey {
    kind: Kind,
    kid: Option<Box<str>>,
}

enum Kind {
    Es256(p256::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// Why a JWK cannot sign here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SigningKeyError {
    Malformed,
    Rsa,
    Unsupported,
}

impl fmt::Display for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a private JWK",
            Self::Rsa => {
                "a signature with an RSA key would hold up a worker for tens of milliseconds: use ES256 or EdDSA"
            }
            Self::Unsupported => "neither a key on P-256 nor an Ed25519 key",
        })
    }
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    d: Option<String>,
    kid: Option<Box<str>>,
}

impl SigningKey {
    /// Reads a private JWK (RFC 7518 §6.2.2, RFC 8037 §2).
    pub(crate) fn from_jwk(json: &str) -> Result<Self, SigningKeyError> {
        let jwk: Jwk = serde_json::from_str(json).map_err(|_| SigningKeyError::Malformed)?;
        let secret = || {
            let text = jwk.d.as_deref().ok_or(SigningKeyError::Malformed)?;
            let bytes = URL_SAFE_NO_PAD.decode(text).ok();
            let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or(SigningKeyError::Malformed)
        };
        let kind = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => p256::ecdsa::SigningKey::from_slice(&secret()?)
                .map(Kind::Es256)
                .map_err(|_| SigningKeyError::Malformed)?,
            ("OKP", Some("Ed25519")) => {
                let key = ed25519_dalek::SigningKey::from_bytes(&secret()?);
                Kind::Ed25519(Box::new(key))
            }
            ("RSA", _) => return Err(SigningKeyError::Rsa),
            _ => return Err(SigningKeyError::Unsupported),
        };
        Ok(Self { kind, kid: jwk.kid })
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self.kind {
            Kind::Es256(_) => Algorithm::Es256,
            Kind::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// The `kid` that the JWK has.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A compact JWS of two JSON texts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let signature = match &self.kind {
            Kind::Es256(key) => {
                let signature: Signature = key.sign(text.as_bytes());
                signature.to_bytes().to_vec()
            }
            Kind::Ed25519(key) => key.sign(text.as_bytes()).to_bytes().to_vec(),
        };
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        text
    }
}
