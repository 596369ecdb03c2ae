//! A client with a bound token, and a resource server that knows its issuer.

use std::cell::Cell;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{Config, IssuerConfig};
use fapi_core::dpop::{Epoch, NonceKeys, ReplayWindow};
use fapi_core::jose::Algorithm;
use fapi_core::{
    Facts, FieldLines, KeySet, KnownKeys, Policy, PresentedRequest, ReplayAnswer, RequestKind,
    Step, Unavailable, UnixTime, Verdict, Verifier,
};
use fapi_crypto::{PROVIDER, SigningKey};
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const CAPACITY: usize = 4_000_000;
const ISSUER: &str = "https://as.example.com";
const RESOURCE: &str = "https://api.example.com";

/// Makes tokens and proofs.
pub(crate) struct Sender {
    issuer: SigningKey,
    pub(crate) client: SigningKey,
    count: Cell<u64>,
}

/// What one request carries.
pub(crate) struct Sent {
    authorization: Vec<u8>,
    pub(crate) proof: Vec<u8>,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            issuer: SigningKey::generate(Algorithm::Es256).unwrap(),
            client: SigningKey::generate(Algorithm::Es256).unwrap(),
            count: Cell::new(0),
        }
    }

    /// An access token that was never seen before.
    pub(crate) fn token(&self) -> String {
        let claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "client_id": "payments-frontend", "scope": "accounts payments", "jti": self.jti(),
            "iat": NOW.as_secs(), "exp": NOW.as_secs() + 300,
            "cnf": { "jkt": self.client.thumbprint().to_string() },
        });
        self.issuer.sign_jwt("at+jwt", &claims).unwrap()
    }

    /// A request with `token` and a proof that was never seen before.
    pub(crate) fn send(&self, token: &str) -> Sent {
        let header = json!({
            "typ": "dpop+jwt", "alg": "ES256", "jwk": self.client.public_jwk_members(),
        });
        let claims = json!({
            "jti": self.jti(), "htm": "GET", "htu": "https://api.example.com/accounts/22289",
            "iat": NOW.as_secs(), "ath": URL_SAFE_NO_PAD.encode(Sha256::digest(token)),
        });
        let proof = self
            .client
            .sign_compact(&header.to_string(), claims.to_string().as_bytes());
        Sent {
            authorization: format!("DPoP {token}").into_bytes(),
            proof: proof.unwrap().into_bytes(),
        }
    }

    fn jti(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("{:022}", self.count.get())
    }
}

/// A resource server in this thread, with everything in memory.
pub(crate) struct Receiver {
    verifier: Arc<Verifier>,
    keys: Keys,
    used: ReplayWindow,
}

struct Keys(Arc<KeySet>);

impl KnownKeys for Keys {
    fn key_set(&self, _issuer: &str) -> Option<Arc<KeySet>> {
        Some(Arc::clone(&self.0))
    }
}

impl Receiver {
    pub(crate) fn new(sender: &Sender) -> Self {
        let jwks = json!({ "keys": [sender.issuer.public_jwk()] }).to_string();
        let config = Config::builder(RESOURCE)
            .issuer(IssuerConfig::new(ISSUER).jwks(jwks.clone()))
            .build()
            .unwrap();
        let nonces = NonceKeys::new(&[7; 32], []).unwrap();
        Self {
            verifier: Verifier::new(Policy::new(&config).unwrap(), &PROVIDER, nonces),
            keys: Keys(Arc::new(KeySet::from_json(jwks.as_bytes()).unwrap())),
            used: ReplayWindow::new(CAPACITY, Epoch::new(1, NOW), [3; 16]),
        }
    }

    /// The whole verdict, replay store included.
    pub(crate) fn decide(&mut self, sent: &Sent) -> Verdict {
        let request = PresentedRequest {
            method: "GET",
            authority: Some("api.example.com"),
            path: "/accounts/22289",
            query: None,
            authorization: FieldLines::One(&sent.authorization),
            dpop: FieldLines::One(&sent.proof),
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        let facts = Facts {
            keys: &self.keys,
            epoch: Some(self.used.epoch()),
        };
        match self.verifier.begin(&request, &facts, NOW) {
            Step::Done(verdict) => verdict,
            Step::NeedReplayCheck(need) => {
                let query = need.query();
                let answer = ReplayAnswer {
                    outcome: self.used.insert(query.key, query.expires, NOW).into(),
                    epoch: self.used.epoch(),
                };
                need.resume(Ok(answer), NOW)
            }
            Step::NeedKeys(need) => {
                done(need.resume(Err(Unavailable::retry_after_seconds(1)), NOW))
            }
            Step::NeedIntrospection(need) => {
                done(need.resume(Err(Unavailable::retry_after_seconds(1)), NOW))
            }
        }
    }

    /// The verdict, which must be a good one: a benchmark of refusals would flatter us.
    pub(crate) fn accept(&mut self, sent: &Sent) {
        match self.decide(sent) {
            Verdict::Accepted(_) => {}
            other => panic!("not accepted: {other:?}"),
        }
    }
}

fn done(step: Step) -> Verdict {
    match step {
        Step::Done(verdict) => verdict,
        other => panic!("not done: {other:?}"),
    }
}
