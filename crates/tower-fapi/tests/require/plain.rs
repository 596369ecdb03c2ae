//! Without a framework: any bodies, any error, nothing boxed.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use tower::{Layer as _, Service as _, ServiceBuilder, service_fn};
use tower_fapi::{
    Access, Denial, FapiLayer, Reason, Require, RequireAcr, RequireAuthorizationDetails,
    RequireFuture, RequireScope,
};

use crate::Payment;
use crate::setting::Setting;

const fn is_send_and_sync<T: Send + Sync + Clone + 'static>() {}
const fn is_send<T: Send + 'static>() {}

const _: () = {
    is_send_and_sync::<RequireScope>();
    is_send_and_sync::<RequireAcr>();
    is_send_and_sync::<RequireAuthorizationDetails<Payment>>();
    is_send_and_sync::<Require<()>>();
    is_send::<RequireFuture<std::future::Ready<()>>>();
};

/// A body that is neither cloned nor looked at.
#[derive(Debug, Default, PartialEq, Eq)]
struct Body(&'static str);

fn layer(setting: &Setting) -> FapiLayer {
    FapiLayer::builder(setting.config().build().unwrap())
        .clock(setting.clock.source())
        .build()
        .unwrap()
}

/// Polls once: all is at hand.
fn call(setting: &Setting, request: Request<Body>) -> Response<Body> {
    let mut service = ServiceBuilder::new()
        .layer(layer(setting))
        .layer(RequireScope::new(["payments"]).unwrap())
        .layer(RequireAcr::new(["loa3"]).unwrap())
        .service(service_fn(async |request: Request<Body>| {
            assert!(request.extensions().get::<Access>().is_some());
            Ok::<_, io::Error>(Response::new(request.into_body()))
        }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else {
        panic!("not answered at once");
    };
    response
}

fn request(setting: &Setting, token: &str) -> Request<Body> {
    setting
        .request("POST", "/payments", token)
        .map(|_| Body("paid"))
}

#[test]
fn the_body_goes_through_as_it_is() {
    let setting = Setting::new();
    let token = setting.token().scope("payments").claim("acr", "loa3");
    let response = call(&setting, request(&setting, &token.build()));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body(), Body("paid"));
}

#[test]
fn a_refusal_has_no_body() {
    let setting = Setting::new();
    let response = call(&setting, request(&setting, &setting.scoped("accounts")));
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let denial = response.extensions().get::<Denial>().unwrap();
    assert_eq!(denial.reason(), Reason::RuleScope);
    assert_eq!(response.into_body(), Body(""));
}

#[test]
fn grpc_clients_get_trailers_only() {
    let setting = Setting::new();
    for (scope, code, error) in [
        ("accounts", "7", "insufficient_scope"),
        ("payments", "16", "insufficient_user_authentication"),
    ] {
        let mut request = request(&setting, &setting.scoped(scope));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, "application/grpc".parse().unwrap());
        let response = call(&setting, request);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["grpc-status"], code);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains(error), "{challenge}");
        assert!(challenge.contains("algs="), "{challenge}");
    }
}

#[test]
fn a_future_that_is_done_stays_so() {
    let inner = service_fn(async |_: Request<()>| Ok::<_, io::Error>(Response::new(())));
    let mut service = RequireScope::new(["payments"]).unwrap().layer(inner);
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(service.call(Request::new(())));
    assert!(future.as_mut().poll(&mut context).is_ready());
    assert!(future.as_mut().poll(&mut context).is_pending());
}
