//! One resource server, one client and one issuer, in simulated time.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of this module"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{Config, ConfigBuilder, IssuerConfig};
use fapi_core::dpop::{Epoch, NonceKeys};
use fapi_core::jose::Algorithm;
use fapi_core::{
    Accepted, Access, Denial, Facts, FieldLines, KeySet, KnownKeys, NeedIntrospection, NeedKeys,
    NeedReplayCheck, Policy, PresentedRequest, ReplayAnswer, ReplayOutcome, RequestKind, Step,
    UnixTime, Verdict, Verifier,
};
use fapi_crypto::{PROVIDER, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub const AS: &str = "https://as.example.com";
pub const RS: &str = "https://api.example.com";
pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// A memory that is older than every proof in these tests.
pub const EPOCH: Epoch = Epoch::new(77, UnixTime::from_secs(1_600_000_000));

pub fn config() -> ConfigBuilder {
    Config::builder(RS).issuer(IssuerConfig::new(AS))
}

pub fn verifier(config: ConfigBuilder) -> Arc<Verifier> {
    let policy = Policy::new(&config.build().unwrap()).unwrap();
    Verifier::new(policy, &PROVIDER, nonce_keys())
}

pub fn nonce_keys() -> NonceKeys {
    NonceKeys::new(&[5; 32], []).unwrap()
}

pub fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

pub fn key_set(keys: &[&SigningKey]) -> Arc<KeySet> {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    let json = json!({ "keys": keys }).to_string();
    Arc::new(KeySet::from_json(json.as_bytes()).unwrap())
}

/// The keys that the resource server has at hand.
pub struct AtHand(pub Option<Arc<KeySet>>);

impl KnownKeys for AtHand {
    fn key_set(&self, issuer: &str) -> Option<Arc<KeySet>> {
        self.0.clone().filter(|_| issuer == AS)
    }
}

/// `base` with the members of `changes` put in; null takes a member out.
pub fn changed(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => base.as_object_mut().unwrap().remove(name),
            value => base
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    base
}

/// A client that holds a DPoP key, and the issuer that gives it tokens.
pub struct Client {
    pub issuer: SigningKey,
    pub key: SigningKey,
    pub path: &'static str,
}

impl Client {
    pub fn new() -> Self {
        Self {
            issuer: key(),
            key: key(),
            path: "/accounts",
        }
    }

    pub fn claims(&self) -> Value {
        json!({
            "iss": AS,
            "sub": "alice",
            "aud": RS,
            "client_id": "app",
            "jti": "token-1",
            "scope": "accounts",
            "iat": NOW.as_secs(),
            "exp": NOW.as_secs() + 600,
            "cnf": { "jkt": self.key.thumbprint().to_string() },
        })
    }

    pub fn token(&self) -> String {
        self.token_with(json!({}))
    }

    pub fn token_with(&self, changes: Value) -> String {
        let claims = changed(self.claims(), changes);
        self.issuer.sign_jwt("at+jwt", &claims).unwrap()
    }

    /// What an introspection endpoint says about this client's reference tokens.
    pub fn introspection(&self, changes: Value) -> String {
        let active = changed(self.claims(), json!({ "active": true }));
        changed(active, changes).to_string()
    }

    pub fn proof_header(&self) -> Value {
        json!({
            "typ": "dpop+jwt",
            "alg": self.key.algorithm().name(),
            "jwk": self.key.public_jwk_members(),
        })
    }

    pub fn proof(&self, token: &str) -> String {
        self.proof_with(token, json!({}))
    }

    pub fn proof_with(&self, token: &str, changes: Value) -> String {
        let claims = json!({
            "jti": "proof-1",
            "htm": "GET",
            "htu": format!("{RS}{}", self.path),
            "iat": NOW.as_secs(),
            "ath": URL_SAFE_NO_PAD.encode(Sha256::digest(token)),
        });
        let payload = changed(claims, changes).to_string();
        let header = self.proof_header().to_string();
        self.key.sign_compact(&header, payload.as_bytes()).unwrap()
    }

    /// Sends `token` and `proof` to `verifier`, which has the issuer's keys.
    pub fn send(&self, verifier: &Arc<Verifier>, token: &str, proof: &str, now: UnixTime) -> Step {
        let keys = AtHand(Some(key_set(&[&self.issuer])));
        self.send_knowing(verifier, token, proof, &keys, Some(EPOCH), now)
    }

    pub fn send_knowing(
        &self,
        verifier: &Arc<Verifier>,
        token: &str,
        proof: &str,
        keys: &AtHand,
        epoch: Option<Epoch>,
        now: UnixTime,
    ) -> Step {
        let facts = Facts { keys, epoch };
        let authorization = format!("DPoP {token}");
        let request = PresentedRequest {
            method: "GET",
            authority: Some("api.example.com"),
            path: self.path,
            query: None,
            authorization: FieldLines::One(authorization.as_bytes()),
            dpop: FieldLines::One(proof.as_bytes()),
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        verifier.begin(&request, &facts, now)
    }
}

pub fn answer(outcome: ReplayOutcome) -> ReplayAnswer {
    ReplayAnswer {
        outcome,
        epoch: EPOCH,
    }
}

pub fn replay_check(step: Step) -> NeedReplayCheck {
    match step {
        Step::NeedReplayCheck(need) => need,
        other => panic!("not at the replay check: {other:?}"),
    }
}

pub fn keys_wanted(step: Step) -> NeedKeys {
    match step {
        Step::NeedKeys(need) => need,
        other => panic!("wants no keys: {other:?}"),
    }
}

pub fn introspection_wanted(step: Step) -> NeedIntrospection {
    match step {
        Step::NeedIntrospection(need) => need,
        other => panic!("wants no introspection: {other:?}"),
    }
}

/// The denial that the request ended with, before the replay check.
pub fn denied(step: Step) -> Denial {
    match step {
        Step::Done(verdict) => refused(verdict),
        other => panic!("not decided: {other:?}"),
    }
}

pub fn refused(verdict: Verdict) -> Denial {
    match verdict {
        Verdict::Refused(denial) | Verdict::Reported(denial) => denial,
        Verdict::Public => panic!("needs no token"),
        Verdict::Accepted(accepted) => panic!("accepted: {accepted:?}"),
    }
}

pub fn accepted(verdict: Verdict) -> Accepted {
    match verdict {
        Verdict::Accepted(accepted) => accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

/// Ends a request whose proof is new to the store.
pub fn fresh(step: Step, now: UnixTime) -> Access {
    let answer = answer(ReplayOutcome::Fresh);
    accepted(replay_check(step).resume(Ok(answer), now)).access
}

/// The nonce that a denial gives.
pub fn nonce_of(denial: &Denial) -> String {
    match denial {
        Denial::Nonce { fresh, .. } => fresh.as_str().to_owned(),
        other => panic!("gives no nonce: {other:?}"),
    }
}
