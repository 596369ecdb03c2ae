//! A requirement where nobody asks for a token.

use axum::Router;
use axum::routing::{any, get};
use fapi_core::config::{Preflight, Rule};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use tower_fapi::extract::Details;
use tower_fapi::{Denial, RequireAcr, RequireAuthorizationDetails, RequireScope};

use crate::Payment;
use crate::log::{Log, keep_lines};
use crate::setting::{Setting, answered, bare, body, header, outcome, send};

fn requirements() -> [fn(Router) -> Router; 3] {
    [
        |route| route.route_layer(RequireScope::new(["payments"]).unwrap()),
        |route| route.route_layer(RequireAcr::any_within_seconds(1)),
        |route| route.route_layer(RequireAuthorizationDetails::<Payment>::new(|_, _| true)),
    ]
}

#[tokio::test]
async fn without_the_layer_the_application_is_wrong() {
    let log = Log::default();
    let _guard = keep_lines(&log);
    for require in requirements() {
        let app = require(Router::new().route("/a", get(async || "reached")));
        let setting = Setting::new();
        let response = send(
            &app,
            setting.request("GET", "/a", &setting.scoped("payments")),
        )
        .await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().get("www-authenticate").is_none());
        assert!(response.extensions().get::<Denial>().is_none());
        assert_eq!(body(response).await, "");
        let line = log.take();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains("ERROR tower_fapi: "), "{line}");
        assert!(line.contains("no `FapiLayer` asks for a token"), "{line}");
        assert!(line.contains("path=\"/a\""), "{line}");
    }
}

#[tokio::test]
async fn so_it_is_behind_a_public_rule() {
    for require in requirements() {
        let setting = Setting::new();
        let app = require(Router::new().route("/open", get(async || "reached")))
            .layer(setting.layer(setting.config().rule(Rule::public("/open"))));
        for request in [
            bare("GET", "/open"),
            setting.request("GET", "/open", &setting.scoped("payments")),
        ] {
            let response = send(&app, request).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}

#[tokio::test]
async fn grpc_clients_are_told_as_grpc_clients() {
    let app = Router::new()
        .route("/a", any(async || "reached"))
        .route_layer(RequireScope::new(["payments"]).unwrap());
    let mut request = bare("POST", "/a");
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, "application/grpc".parse().unwrap());
    let response = send(&app, request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), Some("application/grpc"));
    assert_eq!(header(&response, "grpc-status"), Some("13"));
}

/// It has no token, and the configuration knows that.
#[tokio::test]
async fn preflight_requests_go_on_where_the_configuration_lets_them() {
    let preflight = || {
        let request = Request::options("/payments")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "POST");
        request.body(axum::body::Body::empty()).unwrap()
    };
    let setting = Setting::new();
    let app = |preflight| {
        let rule = Rule::new("/payments");
        Router::new()
            .route("/payments", any(async || "reached"))
            .route_layer(RequireScope::new(["payments"]).unwrap())
            .layer(setting.layer(setting.config().rule(rule).preflight(preflight)))
    };
    let allowing = app(Preflight::Allow);
    assert_eq!(outcome(&allowing, preflight()).await, answered("reached"));
    for refused in [
        send(&app(Preflight::Refuse), preflight()).await,
        send(&allowing, bare("OPTIONS", "/payments")).await,
    ] {
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn the_extractor_says_so_too() {
    let app = Router::new()
        .route("/a", get(async |_: Details<Payment>| "reached"))
        .route(
            "/perhaps",
            get(async |details: Option<Details<Payment>>| match details {
                Some(_) => "some",
                None => "none",
            }),
        );
    let response = send(&app, bare("GET", "/a")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        outcome(&app, bare("GET", "/perhaps")).await,
        answered("none")
    );
}
