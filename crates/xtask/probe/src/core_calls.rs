//! The calls into fapi-core. What is not reached from here is not checked: add the entry points of what is new.

use std::hint::black_box;
use std::sync::Arc;

use fapi_core::config::Config;
use fapi_core::dpop::{
    Epoch, NonceKeys, Origin, ProofVerifier, QuotaLimits, Quotas, ReplayWindow, TargetUri,
};
use fapi_core::{
    Facts, FieldLines, IntrospectionResponse, KeySet, KnownKeys, Policy, PresentedRequest,
    ReplayAnswer, RequestKind, Step, Unavailable, UnixTime, Verdict, Verifier,
};
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, new_error};

/// Counts what was accepted: nothing, since no signature verifies here. The calls stay in the module because their
/// inputs are opaque to the compiler.
pub(crate) fn run(now: i64) -> i64 {
    let now = UnixTime::from_secs(now);
    i64::from(decide(now).unwrap_or(false)) + i64::from(grant(now).unwrap_or(false))
}

/// A host without signatures: what it links of cryptography is the core's own.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    key_utils: KeyUtils::new_unimplemented(),
};

struct Keys(Option<Arc<KeySet>>);

impl KnownKeys for Keys {
    fn key_set(&self, _issuer: &str) -> Option<Arc<KeySet>> {
        self.0.clone()
    }
}

fn decide(now: UnixTime) -> Option<bool> {
    let config = Config::from_slice(black_box(b"{}")).ok()?;
    let nonces = NonceKeys::new(black_box(&[7; 32]), []).ok()?;
    let verifier = Verifier::new(Policy::new(&config).ok()?, &PROVIDER, nonces);
    let keys = Keys(KeySet::from_json(black_box(b"{}")).ok().map(Arc::new));
    let mut window = ReplayWindow::new(black_box(1024), Epoch::new(1, now), black_box([3; 16]));
    let limits = QuotaLimits {
        per_client: 10,
        per_key: 10,
    };
    let mut quotas = Quotas::new(limits, 60, black_box([4; 16]));
    let request = PresentedRequest {
        method: black_box("GET"),
        authority: black_box(Some("api.example.com")),
        path: black_box("/accounts"),
        query: black_box(None),
        authorization: FieldLines::One(black_box(b"DPoP a.b.c")),
        dpop: FieldLines::One(black_box(b"a.b.c")),
        client_certificate: None,
        kind: RequestKind::Ordinary,
    };
    let facts = Facts {
        keys: &keys,
        epoch: Some(window.epoch()),
    };
    let mut step = verifier.begin(&request, &facts, now);
    loop {
        let unavailable = Unavailable::retry_after_seconds(1);
        step = match step {
            Step::Done(Verdict::Accepted(_)) => return Some(true),
            Step::Done(Verdict::Public) => return Some(true),
            Step::Done(Verdict::Refused(denial) | Verdict::Reported(denial)) => {
                return Some(verifier.challenge(&denial, request.authority).status() == 0);
            }
            Step::NeedKeys(need) => need.resume(keys.0.clone().ok_or(unavailable), now),
            Step::NeedIntrospection(need) => {
                need.resume(Ok(IntrospectionResponse::Json(black_box("{}"))), now)
            }
            Step::NeedReplayCheck(need) => {
                let query = need.query();
                let (issuer, client, key) = (query.issuer, query.client, query.thumbprint);
                quotas.check(issuer, client, key, now).ok()?;
                quotas.record(issuer, client, key, now);
                let answer = ReplayAnswer {
                    outcome: window.insert(query.key, query.expires, now).into(),
                    epoch: window.epoch(),
                };
                Step::Done(need.resume(Ok(answer), now))
            }
        };
    }
}

fn grant(now: UnixTime) -> Option<bool> {
    let config = Config::from_slice(black_box(b"{}")).ok()?;
    let nonces = NonceKeys::new(black_box(&[7; 32]), []).ok()?;
    let verifier = ProofVerifier::new(&config.dpop, &PROVIDER, nonces);
    let origin = Origin::parse(black_box("https://as.example.com")).ok()?;
    let proof = verifier.verify(
        &FieldLines::One(black_box(b"a.b.c")),
        black_box("POST"),
        TargetUri::new(&origin, "", black_box("/token")),
        &Epoch::new(1, now),
        now,
    );
    proof.ok().map(|proof| proof.nonce().is_some())
}
