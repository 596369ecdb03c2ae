//! The filter against a mock of its host.

mod certificates;
mod fetching;
mod introspection;
mod memory;
mod mock;
mod requests;
mod start;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::PublicKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::crypto::SigningKey;
use mock::{Shared, Worker};

const NOW: u64 = 1_700_000_000;
const AS: &str = "https://as.example.com";
const API: &str = "https://api.example.com";

/// A key on P-256.
struct Key {
    signs: SigningKey,
    public: Value,
}

impl Key {
    fn new(seed: u8) -> Self {
        let secret = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = secret.verifying_key().to_sec1_point(false);
        let bytes = point.as_bytes();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = (text(&bytes[1..33]), text(&bytes[33..]));
        let d = text(&[seed; 32]);
        let private = json!({"kty":"EC","crv":"P-256","x":x,"y":y,"d":d});
        Self {
            signs: SigningKey::from_jwk(&private.to_string()).unwrap(),
            public: json!({"kty":"EC","crv":"P-256","x":x,"y":y}),
        }
    }

    fn jkt(&self) -> String {
        let key = PublicKey::from_jwk(&self.public.to_string()).unwrap();
        key.thumbprint().to_string()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.signs.sign(&header.to_string(), &claims.to_string())
    }

    fn jwks(&self, kid: &str) -> Value {
        let mut key = self.public.clone();
        key["kid"] = kid.into();
        json!({ "keys": [key] })
    }
}

/// An issuer and a client.
struct Cast {
    issuer: Key,
    client: Key,
    jti: Cell<u32>,
    shared: Rc<RefCell<Shared>>,
}

impl Cast {
    fn new() -> Self {
        Self {
            issuer: Key::new(1),
            client: Key::new(2),
            jti: Cell::new(0),
            shared: Rc::default(),
        }
    }

    fn document(&self) -> Value {
        json!({
            "resource": API,
            "issuers": [{ "issuer": AS, "jwks": self.issuer.jwks("k1") }],
            "dpop": { "replay": { "capacity": 10_000 } },
        })
    }

    fn worker(&self, document: &Value) -> Worker {
        Worker::start(&document.to_string(), &self.shared).unwrap()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": AS, "sub": "alice", "client_id": "c1", "aud": API, "jti": "1",
            "iat": NOW, "exp": NOW + 600, "cnf": { "jkt": self.client.jkt() },
            "tenant": "t-1",
        })
    }

    fn token(&self, kid: &str) -> String {
        let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid });
        self.issuer.sign(&header, &self.claims())
    }

    fn proof(&self, token: &str) -> String {
        self.jti.set(self.jti.get() + 1);
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.client.public });
        let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let claims = json!({
            "jti": format!("proof-{}", self.jti.get()), "htm": "GET",
            "htu": format!("{API}/accounts"), "iat": NOW, "ath": ath,
        });
        self.client.sign(&header, &claims)
    }
}

/// The headers of a request with this token and proof.
fn headers(token: &str, proof: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (":method", b"GET".to_vec()),
        (":authority", b"api.example.com".to_vec()),
        (":path", b"/accounts".to_vec()),
        ("authorization", format!("DPoP {token}").into()),
        ("dpop", proof.into()),
    ]
}

fn send(worker: &mut Worker, headers: &[(&'static str, Vec<u8>)]) -> u32 {
    let borrowed: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, &value[..]))
        .collect();
    worker.request(&borrowed)
}

/// A good request.
fn send_good(worker: &mut Worker, cast: &Cast, kid: &str) -> u32 {
    let token = cast.token(kid);
    send(worker, &headers(&token, &cast.proof(&token)))
}
