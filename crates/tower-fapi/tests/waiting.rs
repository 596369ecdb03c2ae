//! Requests that have to wait for a port: what reaches the inner service, and what happens when the client goes away.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::convert::Infallible;
use std::future::Ready;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use fapi_core::{KeySet, KeysQuery, Unavailable, UnixTime};
use fapi_crypto::SigningKey;
use http::{Request, Response, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tower::{Layer as _, Service};
use tower_fapi::ports::{Answer, KeySource};
use tower_fapi::{Access, FapiConfig, FapiLayer, Reason};

const NOW: i64 = 1_700_000_000;

/// Keys that are there once the gate is open.
#[derive(Clone)]
struct Gate {
    open: Arc<AtomicBool>,
    keys: Arc<KeySet>,
}

impl KeySource for Gate {
    fn known(&self, _: &str) -> Option<Arc<KeySet>> {
        None
    }

    fn fetch(&self, _: KeysQuery<'_>) -> Answer<Result<Arc<KeySet>, Unavailable>> {
        let gate = self.clone();
        Answer::Later(Box::pin(std::future::poll_fn(move |_| {
            if gate.open.load(Ordering::SeqCst) {
                Poll::Ready(Ok(Arc::clone(&gate.keys)))
            } else {
                Poll::Pending
            }
        })))
    }
}

/// Counts its calls, and panics when called without having been polled ready.
#[derive(Default)]
struct Inner {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self {
            ready: false,
            calls: Arc::clone(&self.calls),
        }
    }
}

impl Service<Request<()>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "not polled ready");
        self.calls.fetch_add(1, Ordering::SeqCst);
        let access = request.extensions().get::<Access>().unwrap();
        let subject = access.subject().unwrap().to_owned();
        std::future::ready(Ok(Response::new(subject)))
    }
}

struct Scene {
    layer: FapiLayer,
    open: Arc<AtomicBool>,
    now: Arc<Mutex<i64>>,
    issuer: SigningKey,
    client: SigningKey,
}

impl Scene {
    fn new() -> Self {
        let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
        let jwks = json!({ "keys": [issuer.public_jwk()] }).to_string();
        let open = Arc::new(AtomicBool::new(false));
        let now = Arc::new(Mutex::new(NOW));
        let clock = Arc::clone(&now);
        let config = FapiConfig::builder("https://api.example.com")
            .issuer("https://as.example.com")
            .build();
        let layer = FapiLayer::builder(config.unwrap())
            .key_source(Gate {
                open: Arc::clone(&open),
                keys: Arc::new(KeySet::from_json(jwks.as_bytes()).unwrap()),
            })
            .clock(move || UnixTime::from_secs(*clock.lock().unwrap()))
            .build();
        Self {
            layer: layer.unwrap(),
            open,
            now,
            issuer,
            client: SigningKey::generate(Algorithm::Es256).unwrap(),
        }
    }

    fn request(&self) -> Request<()> {
        let claims = json!({
            "iss": "https://as.example.com", "sub": "alice", "client_id": "app", "jti": "1",
            "aud": "https://api.example.com", "iat": NOW, "exp": NOW + 600,
            "cnf": { "jkt": self.client.thumbprint().to_string() },
        });
        let token = self.issuer.sign_jwt("at+jwt", &claims).unwrap();
        let header = json!({
            "typ": "dpop+jwt", "alg": "ES256", "jwk": self.client.public_jwk_members(),
        });
        let payload = json!({
            "jti": "1", "htm": "GET", "htu": "https://api.example.com/a", "iat": NOW,
            "ath": URL_SAFE_NO_PAD.encode(Sha256::digest(&token)),
        });
        let proof = self
            .client
            .sign_compact(&header.to_string(), payload.to_string().as_bytes());
        Request::builder()
            .uri("/a")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof.unwrap())
            .body(())
            .unwrap()
    }
}

fn poll<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_service_that_was_ready_is_called_after_the_wait() {
    let scene = Scene::new();
    let inner = Inner::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = scene.layer.layer(inner);
    let mut context = Context::from_waker(Waker::noop());
    let request = scene.request();
    let again = request.clone();

    assert!(service.poll_ready(&mut context).is_ready());
    let mut waiting = Box::pin(service.call(request));
    assert!(poll(&mut waiting).is_pending());
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    scene.open.store(true, Ordering::SeqCst);
    let Poll::Ready(Ok(response)) = poll(&mut waiting) else {
        panic!("still waiting");
    };
    assert_eq!(response.body(), "alice");

    // The same request again: the proof was used.
    assert!(service.poll_ready(&mut context).is_ready());
    let Poll::Ready(Ok(response)) = poll(&mut Box::pin(service.call(again))) else {
        panic!("still waiting");
    };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let denial = response.extensions().get::<tower_fapi::Denial>().unwrap();
    assert_eq!(denial.reason(), Reason::ProofReplayed);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// R19: a client that goes away while it waits.
#[test]
fn a_request_that_is_given_up_reaches_nothing_and_uses_up_nothing() {
    let scene = Scene::new();
    let inner = Inner::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = scene.layer.layer(inner);
    let mut context = Context::from_waker(Waker::noop());
    let request = scene.request();

    assert!(service.poll_ready(&mut context).is_ready());
    let mut waiting = Box::pin(service.call(request.clone()));
    assert!(poll(&mut waiting).is_pending());
    drop(waiting);
    assert_eq!(calls.load(Ordering::SeqCst), 0);

    scene.open.store(true, Ordering::SeqCst);
    assert!(service.poll_ready(&mut context).is_ready());
    assert!(poll(&mut Box::pin(service.call(request))).is_ready());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_proof_that_grew_old_in_the_wait_is_refused() {
    let scene = Scene::new();
    let inner = Inner::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = scene.layer.layer(inner);
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    let mut waiting = Box::pin(service.call(scene.request()));
    assert!(poll(&mut waiting).is_pending());
    *scene.now.lock().unwrap() = NOW + 61;
    scene.open.store(true, Ordering::SeqCst);
    let Poll::Ready(Ok(response)) = poll(&mut waiting) else {
        panic!("still waiting");
    };
    let denial = response.extensions().get::<tower_fapi::Denial>().unwrap();
    assert_eq!(denial.reason(), Reason::ProofTooOld);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}
