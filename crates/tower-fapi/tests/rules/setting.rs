//! An issuer, a client, a clock, and requests.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use fapi_core::config::ConfigBuilder;
use http::{Request, StatusCode};
use tower::ServiceExt as _;
use tower_fapi::testing::{TestClient, TestClock, TestIssuer, TokenBuilder, UnixTime};
use tower_fapi::{Denial, FapiConfig, FapiLayer, Reason};

pub(crate) const API: &str = "https://api.example.com";

pub(crate) struct Setting {
    pub(crate) clock: TestClock,
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
}

impl Setting {
    pub(crate) fn new() -> Self {
        Self {
            clock: TestClock::at(UnixTime::from_secs(1_700_000_000)),
            issuer: TestIssuer::new("https://as.example.com"),
            client: TestClient::new(),
        }
    }

    /// A configuration that trusts the issuer, still without rules.
    pub(crate) fn config(&self) -> ConfigBuilder {
        FapiConfig::builder(API).issuer(self.issuer.issuer_config())
    }

    pub(crate) fn layer(&self, config: ConfigBuilder) -> FapiLayer {
        FapiLayer::builder(config.build().unwrap())
            .clock(self.clock.source())
            .for_axum()
            .build()
            .unwrap()
    }

    /// A good token without scope, in the making.
    pub(crate) fn token(&self) -> TokenBuilder {
        let now = self.clock.now();
        self.issuer.token(self.client.thumbprint(), now)
    }

    pub(crate) fn scoped(&self, scope: &str) -> String {
        self.token().scope(scope).build()
    }

    /// A request with a new proof for just this target, which may have a query.
    pub(crate) fn request(&self, method: &str, target: &str, token: &str) -> Request<Body> {
        let url = format!("{API}{target}");
        let proof = self.client.proof(method, &url, self.clock.now());
        with_proof(method, target, token, &proof.token(token).build())
    }
}

pub(crate) fn with_proof(method: &str, target: &str, token: &str, proof: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .body(Body::empty())
        .unwrap()
}

/// A request without credentials.
pub(crate) fn bare(method: &str, target: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(target);
    request.body(Body::empty()).unwrap()
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Response {
    app.clone().oneshot(request).await.unwrap()
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The application answered with this body.
    Answered(StatusCode, String),
    /// The layer refused it.
    Refused(u16, Reason),
}

pub(crate) async fn outcome(app: &Router, request: Request<Body>) -> Outcome {
    let response = send(app, request).await;
    if let Some(denial) = response.extensions().get::<Denial>() {
        return Outcome::Refused(response.status().as_u16(), denial.reason());
    }
    Outcome::Answered(response.status(), body(response).await)
}

pub(crate) async fn body(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 4096).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

pub(crate) fn answered(body: &str) -> Outcome {
    Outcome::Answered(StatusCode::OK, body.to_owned())
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let value = response.headers().get(name)?;
    Some(value.to_str().unwrap())
}
