//! A JWT in the making, with knobs: what token and proof builders share.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::TestKey;

pub(super) struct Draft {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    pub(super) raw_header: Option<Vec<u8>>,
    pub(super) raw_claims: Option<Vec<u8>>,
    pub(super) key: TestKey,
    pub(super) signature: Box<Transform>,
}

pub(super) type Transform = dyn FnOnce(Vec<u8>) -> Vec<u8> + Send;

impl Draft {
    pub(super) fn new(header: Value, claims: Value, key: TestKey) -> Self {
        Self {
            header: members(header),
            claims: members(claims),
            raw_header: None,
            raw_claims: None,
            key,
            signature: Box::new(|signature| signature),
        }
    }

    pub(super) fn header_json(&self) -> String {
        json(&self.header)
    }

    pub(super) fn claims_json(&self) -> String {
        json(&self.claims)
    }

    pub(super) fn build(self) -> String {
        let header = self
            .raw_header
            .unwrap_or_else(|| json(&self.header).into_bytes());
        let claims = self
            .raw_claims
            .unwrap_or_else(|| json(&self.claims).into_bytes());
        let mut jws = URL_SAFE_NO_PAD.encode(header);
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut jws);
        let signature = (self.signature)(self.key.sign(jws.as_bytes()));
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
        jws
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("header", &self.header)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// A `jti` that nobody else uses.
pub(super) fn random_jti() -> String {
    let octets: [u8; 16] = fapi_crypto::random_bytes().expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(octets)
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn json(members: &Map<String, Value>) -> String {
    serde_json::to_string(members).expect("a map of JSON values is JSON")
}

/// The knobs that every JWT has, for a builder that is a tuple struct around [`Draft`].
macro_rules! jwt_knobs {
    ($builder:ident) => {
        impl $builder {
            /// Sets a header member, whatever it was.
            pub fn header(
                mut self,
                name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                self.0.header.insert(name.into(), value.into());
                self
            }

            /// Leaves a header member out.
            pub fn without_header(mut self, name: &str) -> Self {
                self.0.header.remove(name);
                self
            }

            /// Sets a claim, whatever it was.
            pub fn claim(
                mut self,
                name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                self.0.claims.insert(name.into(), value.into());
                self
            }

            /// Leaves a claim out.
            pub fn without_claim(mut self, name: &str) -> Self {
                self.0.claims.remove(name);
                self
            }

            /// Uses exactly these bytes as the header, JSON or not. The other header knobs have no effect then.
            pub fn raw_header(mut self, json: impl Into<Vec<u8>>) -> Self {
                self.0.raw_header = Some(json.into());
                self
            }

            /// Uses exactly these bytes as the claims, JSON or not. The other claim knobs have no effect then.
            pub fn raw_claims(mut self, json: impl Into<Vec<u8>>) -> Self {
                self.0.raw_claims = Some(json.into());
                self
            }

            /// The header as JSON text, as it stands: where a raw header begins.
            #[must_use]
            pub fn header_json(&self) -> String {
                self.0.header_json()
            }

            /// The claims as JSON text, as they stand: where raw claims begin.
            #[must_use]
            pub fn claims_json(&self) -> String {
                self.0.claims_json()
            }

            /// Signs with another key; the header stays as it is.
            pub fn signed_by(mut self, key: &$crate::testing::TestKey) -> Self {
                self.0.key = key.clone();
                self
            }

            /// Changes the signature's bytes; [`signature`](crate::testing::signature) has ways to do so.
            pub fn signature(
                mut self,
                change: impl FnOnce(Vec<u8>) -> Vec<u8> + Send + 'static,
            ) -> Self {
                self.0.signature = Box::new(change);
                self
            }

            /// Signs, and gives the compact form (RFC 7515 §7.1).
            ///
            /// # Panics
            /// The back end failed to sign.
            #[must_use]
            pub fn build(self) -> String {
                self.0.build()
            }
        }
    };
}

pub(super) use jwt_knobs;
