//! JWTs that clients make: assertions, request objects, proofs.

use aws_lc_rs::hmac;
use serde_json::{Map, Value};
use tower_fapi::testing::{TestKey, signature};

use crate::forge::{Rsa, b64, signing_input};

/// A JWT in the making, which can be made again with other claims.
#[derive(Clone, Debug)]
pub struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key: TestKey,
    signature: Signature,
}

#[derive(Clone, Copy, Debug)]
enum Signature {
    Good,
    /// RSASSA-PKCS1-v1_5, which FAPI 2.0 forbids.
    Rs256,
    Corrupt,
    /// A MAC, whose secret is the public key (RFC 8725 §2.1).
    Hs256,
    /// None, with `alg` to match (RFC 7519 §6.1).
    Absent,
}

impl Jwt {
    /// Signed by this key, which `alg` and `kid` name.
    pub fn new(key: &TestKey) -> Self {
        let header = [("alg", key.algorithm().name()), ("kid", key.kid())];
        Self {
            header: header
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into_iter()
                .collect(),
            claims: Map::new(),
            key: key.clone(),
            signature: Signature::Good,
        }
    }

    /// Sets a claim; null takes it away.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// Sets a header member; null takes it away.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// A claim of type number, moved by so many seconds.
    #[must_use]
    pub fn moved(self, names: &[&str], seconds: i64) -> Self {
        names.iter().fold(self, |jwt, name| {
            let then = jwt.claims[*name].as_i64().expect("a time") + seconds;
            jwt.claim(name, then)
        })
    }

    /// Signs with another key; the header stays as it is.
    #[must_use]
    pub fn signed_by(mut self, key: &TestKey) -> Self {
        self.key = key.clone();
        self
    }

    /// Signs rightly with RS256.
    #[must_use]
    pub fn rs256(self) -> Self {
        Self {
            signature: Signature::Rs256,
            ..self.header("alg", "RS256")
        }
    }

    /// `alg` is `none`, and there is no signature.
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self {
            signature: Signature::Absent,
            ..self.header("alg", "none")
        }
    }

    /// A MAC in place of the signature, whose secret is the published key.
    #[must_use]
    pub fn hs256(self) -> Self {
        Self {
            signature: Signature::Hs256,
            ..self.header("alg", "HS256")
        }
    }

    /// The signature is wrong by one bit.
    #[must_use]
    pub fn corrupt(self) -> Self {
        Self {
            signature: Signature::Corrupt,
            ..self
        }
    }

    pub fn build(&self) -> String {
        let header = Value::Object(self.header.clone()).to_string();
        let claims = Value::Object(self.claims.clone()).to_string();
        let input = signing_input(&header, &claims);
        let signature = match self.signature {
            Signature::Good => self.key.sign(&input),
            Signature::Corrupt => signature::corrupt(self.key.sign(&input)),
            Signature::Rs256 => Rsa::of(&self.key).sign_pkcs1(&input),
            Signature::Hs256 => {
                let secret = self.key.published_jwk().to_string();
                let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&secret, &input).as_ref().to_vec()
            }
            Signature::Absent => Vec::new(),
        };
        format!("{}.{}", String::from_utf8_lossy(&input), b64(signature))
    }
}

fn set(members: &mut Map<String, Value>, name: &str, value: Value) {
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
}
