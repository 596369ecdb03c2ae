//! Preflight requests of browsers, the interaction id, and headers of handlers.

use axum::body::Body;
use axum::response::AppendHeaders;
use axum::routing::get;
use axum::{Extension, Router};
use fapi_core::config::{Mode, Preflight, Rule};
use http::{Request, StatusCode};
use tower_fapi::{Access, InteractionId, Reason};

use crate::setting::{Outcome, Setting, answered, bare, header, outcome, send};

fn app(setting: &Setting, preflight: Preflight) -> Router {
    let config = setting
        .config()
        .preflight(preflight)
        .rule(Rule::new("/accounts").scopes(["accounts"]))
        .rule(Rule::public("/id"));
    let accounts = get(async |_: Access| "accounts").options(async || "preflight");
    let id = async |Extension(id): Extension<InteractionId>| id.as_str().to_owned();
    Router::new()
        .route("/accounts", accounts)
        .route("/id", get(id))
        .layer(setting.layer(config))
}

/// As browsers ask (Fetch Standard §4.8), but for the header of this name.
fn preflight_without(name: &str) -> Request<Body> {
    let mut request = bare("OPTIONS", "/accounts");
    for (name, value) in [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization,dpop"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request.headers_mut().remove(name);
    request
}

#[tokio::test]
async fn preflight_requests_pass_where_the_configuration_says_so() {
    let setting = Setting::new();
    let refused = Outcome::Refused(401, Reason::NoCredentials);
    let refusing = app(&setting, Preflight::Refuse);
    let allowing = app(&setting, Preflight::Allow);

    let preflight = || preflight_without("x-nothing");
    assert_eq!(outcome(&refusing, preflight()).await, refused);
    assert_eq!(outcome(&allowing, preflight()).await, answered("preflight"));

    // What is no preflight request passes nowhere.
    for name in ["origin", "access-control-request-method"] {
        let request = preflight_without(name);
        assert_eq!(outcome(&allowing, request).await, refused, "{name}");
    }
    for method in ["GET", "POST"] {
        let mut request = preflight();
        *request.method_mut() = method.parse().unwrap();
        assert_eq!(outcome(&allowing, request).await, refused, "{method}");
    }
}

#[tokio::test]
async fn the_interaction_id_is_the_clients_on_every_response() {
    const ID: &str = "3F2504e0-4f89-11D3-9a0c-0305E82C3301";
    let setting = Setting::new();
    let app = app(&setting, Preflight::Refuse);
    let token = setting.scoped("accounts");
    for (mut request, status) in [
        (bare("GET", "/id"), 200),
        (bare("GET", "/accounts"), 401),
        (setting.request("GET", "/accounts", &token), 200),
        (setting.request("GET", "/elsewhere", &token), 403),
        (bare("GET", "/id/%2e%2e"), 400),
    ] {
        let headers = request.headers_mut();
        headers.insert("x-fapi-interaction-id", ID.parse().unwrap());
        let response = send(&app, request).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(header(&response, "x-fapi-interaction-id"), Some(ID));
    }
}

#[tokio::test]
async fn without_an_interaction_id_the_request_gets_one() {
    let setting = Setting::new();
    let app = app(&setting, Preflight::Refuse);
    let response = send(&app, bare("GET", "/id")).await;
    let id = header(&response, "x-fapi-interaction-id")
        .unwrap()
        .to_owned();

    assert_eq!(id.len(), 36);
    assert_eq!(
        crate::setting::body(response).await,
        id,
        "what handlers see"
    );

    let refused = send(&app, bare("GET", "/accounts")).await;
    let other = header(&refused, "x-fapi-interaction-id").unwrap();
    assert_eq!(other.len(), 36);
    assert_ne!(other, id);
}

/// R20: a challenge of a handler's own is not ours to replace.
#[tokio::test]
async fn a_handlers_challenge_stays() {
    let setting = Setting::new();
    let config = setting
        .config()
        .rule(Rule::new("/accounts").scopes(["accounts"]))
        .rule(Rule::public("/public"))
        .rule(
            Rule::new("/reported")
                .scopes(["more"])
                .mode(Mode::ReportOnly),
        );
    let refusing = get(async || {
        let challenges = AppendHeaders([
            ("www-authenticate", "Basic realm=\"a\""),
            ("www-authenticate", "Digest realm=\"b\""),
            ("dpop-nonce", "not-ours"),
        ]);
        (StatusCode::UNAUTHORIZED, challenges)
    });
    let app = Router::new()
        .route("/accounts", refusing.clone())
        .route("/public", refusing.clone())
        .route("/reported", refusing)
        .layer(setting.layer(config));
    let token = setting.scoped("accounts");
    for target in ["/accounts", "/public", "/reported"] {
        let response = send(&app, setting.request("GET", target, &token)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{target}");
        let challenges = response.headers().get_all("www-authenticate");
        let challenges: Vec<_> = challenges.iter().collect();
        assert_eq!(
            challenges,
            ["Basic realm=\"a\"", "Digest realm=\"b\""],
            "{target}"
        );
        // A nonce is for whoever is believed to have made it: where we decide, that is us.
        let nonce = header(&response, "dpop-nonce");
        assert_eq!(nonce.is_some(), target == "/public", "{target}");
    }
}
