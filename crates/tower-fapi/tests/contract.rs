//! What tower and its runtimes ask of a layer, its service and its future.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic too"
)]

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fapi_core::dpop::Epoch;
use fapi_core::{ReplayAnswer, ReplayQuery, Unavailable, UnixTime};
use http::{Request, Response, StatusCode};
use tower::{Layer as _, Service, ServiceBuilder, service_fn};
use tower_fapi::ports::{Answer, ReplayStore};
use tower_fapi::{Access, Fapi, FapiConfig, FapiLayer, IssuerConfig, Reason, ResponseFuture};

const JWKS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn config() -> FapiConfig {
    FapiConfig::builder("https://api.example.com")
        .issuer(IssuerConfig::new("https://as.example.com").jwks(JWKS))
        .build()
        .unwrap()
}

/// An inner service that nobody should reach.
#[derive(Clone)]
struct Unreachable;

impl Service<Request<()>> for Unreachable {
    type Response = Response<()>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Response<()>, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        panic!("called without access");
    }
}

const fn is_send_and_sync<T: Send + Sync + 'static>() {}
const fn is_send<T: Send + 'static>() {}
const fn is_clone<T: Clone>() {}

const _: () = {
    is_send_and_sync::<FapiLayer>();
    is_clone::<FapiLayer>();
    is_send_and_sync::<Fapi<Unreachable>>();
    is_clone::<Fapi<Unreachable>>();
    is_send::<ResponseFuture<Unreachable, ()>>();
    is_send_and_sync::<Access>();
};

fn refused(request: Request<()>) -> Response<()> {
    let mut service = FapiLayer::new(config()).unwrap().layer(Unreachable);
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    let mut future = pin!(service.call(request));
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut context) else {
        panic!("not decided at once");
    };
    // Polled after it was done: no panic, and no second response.
    assert!(future.as_mut().poll(&mut context).is_pending());
    response
}

fn reason(response: &Response<()>) -> Reason {
    response
        .extensions()
        .get::<tower_fapi::Denial>()
        .unwrap()
        .reason()
}

#[test]
fn a_refusal_is_ready_at_once_and_does_not_reach_the_inner_service() {
    let response = refused(Request::new(()));
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(
        response.headers()["www-authenticate"],
        concat!(
            "DPoP algs=\"ES256 PS256 EdDSA Ed25519\", ",
            "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\""
        )
    );
    assert_eq!(reason(&response), Reason::NoCredentials);
}

#[test]
fn odd_methods_and_targets_are_refused_without_harm() {
    for (method, uri) in [
        ("OPTIONS", "*"),
        ("CONNECT", "api.example.com:443"),
        ("HEAD", "/"),
        ("GET", "http://evil@other.example.com/"),
        ("M-SEARCH", "//a//b?access_token=x"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", "DPoP token")
            .header("dpop", "a.b.c")
            .body(())
            .unwrap();
        let response = refused(request);
        assert!(
            matches!(response.status().as_u16(), 400 | 401),
            "{method} {uri}"
        );
    }
}

#[test]
fn every_line_of_a_header_is_seen() {
    let request = Request::builder()
        .header("authorization", "DPoP a")
        .header("Authorization", "DPoP b")
        .body(())
        .unwrap();
    let response = refused(request);
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(reason(&response), Reason::SeveralCredentials);

    let request = Request::builder()
        .header("authorization", "DPoP a")
        .header("dpop", "a.b.c")
        .header("DPoP", "a.b.c")
        .body(())
        .unwrap();
    assert_eq!(reason(&refused(request)), Reason::ProofSeveral);
}

/// The layer fits into a stack of boxed services.
#[test]
fn it_can_be_boxed() {
    let inner = service_fn(|_: Request<()>| async { Ok::<_, std::io::Error>(Response::new(())) });
    let service = ServiceBuilder::new()
        .boxed_clone()
        .layer(FapiLayer::new(config()).unwrap())
        .service(inner);
    drop(service);
}

struct Unasked;

impl ReplayStore for Unasked {
    fn epoch(&self) -> Option<Epoch> {
        None
    }

    fn insert(&self, _: ReplayQuery<'_>, _: UnixTime) -> Answer<Result<ReplayAnswer, Unavailable>> {
        Answer::Now(Err(Unavailable::retry_after_seconds(1)))
    }
}

/// Whoever gives a store means it to be asked.
#[test]
fn a_store_that_would_not_be_asked_is_refused() {
    let mut config = config();
    config.dpop.replay.dangerous_replay_handled_elsewhere = true;
    let error = FapiLayer::builder(config.clone())
        .replay_store(Unasked)
        .build()
        .unwrap_err();
    let path = "dpop.replay.dangerous_replay_handled_elsewhere";
    assert!(error.to_string().contains(path), "{error}");
    assert!(FapiLayer::new(config).is_ok());
}
