//! Several requirements on one route, and wrong ones.

use axum::Router;
use axum::routing::{get, post};
use fapi_core::config::Mode;
use http::StatusCode;
use tower_fapi::{Access, Reason, RequireAcr, RequireScope};

use crate::log::{Log, keep_lines};
use crate::setting::{Outcome, Setting, answered, bare, outcome, send};

#[tokio::test]
async fn the_first_that_lacks_something_answers() {
    let setting = Setting::new();
    // axum's last layer is the outermost.
    let app = Router::new()
        .route("/payments", post(async |_: Access| "paid"))
        .route_layer(RequireAcr::new(["loa3"]).unwrap())
        .route_layer(RequireScope::new(["payments"]).unwrap())
        .layer(setting.layer(setting.config()));
    let strong = |scope: &str| setting.token().scope(scope).claim("acr", "loa3").build();
    for (token, expected) in [
        (
            setting.scoped("accounts"),
            Outcome::Refused(403, Reason::RuleScope),
        ),
        (
            setting.scoped("payments"),
            Outcome::Refused(401, Reason::RuleAuthentication),
        ),
        (strong("accounts"), Outcome::Refused(403, Reason::RuleScope)),
        (strong("payments"), answered("paid")),
    ] {
        let request = setting.request("POST", "/payments", &token);
        assert_eq!(outcome(&app, request).await, expected);
    }
}

#[tokio::test]
async fn only_its_own_routes_ask() {
    let setting = Setting::new();
    let payments = Router::new()
        .route("/payments", get(async || "payments"))
        .route_layer(RequireScope::new(["payments"]).unwrap());
    let app = Router::new()
        .route("/accounts", get(async || "accounts"))
        .nest("/v1", payments)
        .layer(setting.layer(setting.config()));
    let token = setting.scoped("accounts");
    for method in ["GET", "HEAD"] {
        let ask = |target: &str| setting.request(method, target, &token);
        assert_eq!(send(&app, ask("/accounts")).await.status(), StatusCode::OK);
        let refused = Outcome::Refused(403, Reason::RuleScope);
        assert_eq!(outcome(&app, ask("/v1/payments")).await, refused);
    }
    // The layer comes first.
    let refused = Outcome::Refused(401, Reason::NoCredentials);
    assert_eq!(outcome(&app, bare("GET", "/v1/payments")).await, refused);
}

#[tokio::test]
async fn the_answer_has_the_requests_interaction_id() {
    const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let setting = Setting::new();
    let app = Router::new()
        .route("/payments", post(async || "paid"))
        .route_layer(RequireScope::new(["payments"]).unwrap())
        .layer(setting.layer(setting.config()));
    let mut request = setting.request("POST", "/payments", &setting.scoped("accounts"));
    let headers = request.headers_mut();
    headers.insert("x-fapi-interaction-id", ID.parse().unwrap());
    let response = send(&app, request).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["x-fapi-interaction-id"], ID);
    assert_eq!(response.headers()["cache-control"], "no-store");
}

/// The same event as for what the layer refuses or reports itself.
#[tokio::test]
async fn the_operator_is_told() {
    for (mode, text) in [
        (Mode::Enforce, "request refused"),
        (Mode::ReportOnly, "request would be refused"),
    ] {
        let log = Log::default();
        let guard = keep_lines(&log);
        let setting = Setting::new();
        let app = Router::new()
            .route("/payments", post(async || "paid"))
            .route_layer(RequireScope::new(["payments"]).unwrap())
            .layer(setting.layer(setting.config().mode(mode)));
        let request = setting.request("POST", "/payments", &setting.scoped("accounts"));
        let response = send(&app, request).await;
        drop(guard);
        let lines = log.take();
        let event = lines.lines().find(|line| line.contains(text));
        let event = event.unwrap_or_else(|| panic!("{lines:?}"));
        let id = response.headers()["x-fapi-interaction-id"]
            .to_str()
            .unwrap();
        for part in [
            " INFO tower_fapi: ",
            "reason=\"rule_scope\"",
            "status=403",
            id,
        ] {
            assert!(event.contains(part), "{part}: {event}");
        }
    }
}

#[test]
fn values_that_no_challenge_could_name_are_errors() {
    for (values, path) in [
        (&[][..], ""),
        (&[""], "[0]"),
        (&["payments", "read write"], "[1]"),
        (&["a\"b"], "[0]"),
        (&["a\\b"], "[0]"),
        (&["ä"], "[0]"),
        (&["a\nb"], "[0]"),
    ] {
        let scope = RequireScope::new(values.iter().copied()).unwrap_err();
        let acr = RequireAcr::new(values.iter().copied()).unwrap_err();
        assert_eq!(scope.path(), format!("scopes{path}"), "{values:?}");
        assert_eq!(acr.path(), format!("acr_values{path}"), "{values:?}");
    }
    let error = RequireScope::new(["payments", "read write"]).unwrap_err();
    assert!(error.to_string().contains("\"read write\""), "{error}");
}
