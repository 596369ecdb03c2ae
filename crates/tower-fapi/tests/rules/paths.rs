//! Paths and methods: which rule a request meets, however it is spelt.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use fapi_core::config::{Rule, Unmatched};
use http::StatusCode;
use tower_fapi::{Access, Reason};

use crate::setting::{Outcome, Setting, answered, bare, outcome};

const SCOPE: Outcome = Outcome::Refused(403, Reason::RuleScope);
const NO_RULE: Outcome = Outcome::Refused(403, Reason::NoRule);
const NO_CREDENTIALS: Outcome = Outcome::Refused(401, Reason::NoCredentials);
const AMBIGUOUS: Outcome = Outcome::Refused(400, Reason::AmbiguousPath);

/// Whatever gets past the layer gets an answer.
fn app(setting: &Setting) -> Router {
    app_with(setting, Unmatched::Deny)
}

fn app_with(setting: &Setting, unmatched: Unmatched) -> Router {
    let config = setting
        .config()
        .rule(
            Rule::new("/payments/{id}")
                .methods(["POST"])
                .scopes(["payments"]),
        )
        .rule(Rule::new("/accounts").methods(["GET"]).scopes(["accounts"]))
        .rule(Rule::public("/healthz"))
        .unmatched(unmatched);
    let pay = async |Path(id): Path<String>, _: Access| format!("paid {id}");
    Router::new()
        .route("/payments/{id}", get(async || "a payment").post(pay))
        .route("/accounts", get(async |_: Access| "accounts"))
        .route("/healthz", get(async || "well"))
        .fallback(async || (StatusCode::NOT_FOUND, "nothing here"))
        .layer(setting.layer(config))
}

#[tokio::test]
async fn a_segment_is_whatever_stands_there() {
    let setting = Setting::new();
    let app = app(&setting);
    for (target, id) in [
        ("/payments/1", "1"),
        ("/payments/1?when=now", "1"),
        ("/payments/a%20b", "a b"),
        ("/payments/%C3%A9", "é"),
        ("/payments/accounts", "accounts"),
    ] {
        let request = |scope: &str| setting.request("POST", target, &setting.scoped(scope));
        let enough = outcome(&app, request("payments")).await;
        assert_eq!(enough, answered(&format!("paid {id}")), "{target}");
        assert_eq!(outcome(&app, request("accounts")).await, SCOPE, "{target}");
    }
    for target in ["/payments", "/payments/1/2"] {
        let request = setting.request("POST", target, &setting.scoped("payments"));
        assert_eq!(outcome(&app, request).await, NO_RULE, "{target}");
    }
}

#[tokio::test]
async fn another_spelling_meets_the_same_rule() {
    let setting = Setting::new();
    let app = app(&setting);
    for target in [
        "/pay%6Dents/1",
        "/pay%6dents/1",
        "/%70%61%79%6d%65%6e%74%73/1",
        "/payments/1/",
        "/payments/%31",
    ] {
        let lacking = setting.request("POST", target, &setting.scoped("accounts"));
        assert_eq!(outcome(&app, lacking).await, SCOPE, "{target}");
        assert_eq!(outcome(&app, bare("POST", target)).await, NO_CREDENTIALS);
    }
}

#[tokio::test]
async fn what_programs_read_differently_is_refused() {
    let setting = Setting::new();
    let app = app(&setting);
    for target in [
        "/healthz/../payments/1",
        "/healthz/%2e%2e/payments/1",
        "/payments/%2E%2e",
        "/payments/.",
        "//payments/1",
        "/payments//1",
        "/healthz//",
        "/payments/1;x",
        "/healthz;/payments/1",
        "/payments/1%3bx",
        "/payments%2f1",
        "/payments/1%2F2",
        "/payments%5c1",
        "/healthz%00",
        "/payments/%252e%252e",
        "/payments/%zz",
        "/payments/%c0%af",
    ] {
        let token = setting.scoped("payments accounts");
        let request = setting.request("POST", target, &token);
        assert_eq!(outcome(&app, request).await, AMBIGUOUS, "{target}");
        assert_eq!(outcome(&app, bare("GET", target)).await, AMBIGUOUS);
    }
}

#[tokio::test]
async fn head_meets_the_rule_for_get() {
    let setting = Setting::new();
    let app = app(&setting);
    let head = |scope: &str| setting.request("HEAD", "/accounts", &setting.scoped(scope));

    assert_eq!(outcome(&app, head("payments")).await, SCOPE);
    assert_eq!(outcome(&app, head("accounts")).await, answered(""));
    assert_eq!(
        outcome(&app, bare("HEAD", "/accounts")).await,
        NO_CREDENTIALS
    );
}

#[tokio::test]
async fn a_method_in_another_case_is_ambiguous() {
    let setting = Setting::new();
    let app = app(&setting);
    for (method, target) in [("post", "/payments/1"), ("Get", "/accounts")] {
        let token = setting.scoped("payments accounts");
        let request = setting.request(method, target, &token);
        assert_eq!(outcome(&app, request).await, AMBIGUOUS, "{method}");
    }
}

#[tokio::test]
async fn a_public_path_is_public_as_it_is_written_only() {
    let setting = Setting::new();
    let app = app(&setting);
    for (method, target) in [("GET", "/healthz"), ("GET", "/healthz?deep=1")] {
        assert_eq!(outcome(&app, bare(method, target)).await, answered("well"));
    }
    for target in ["/health%7a", "/Healthz", "/healthz/", "/healthz/x"] {
        let open = outcome(&app, bare("GET", target)).await;
        assert_eq!(open, NO_CREDENTIALS, "{target}");
        let request = setting.request("GET", target, &setting.scoped("payments"));
        assert_eq!(outcome(&app, request).await, NO_RULE, "{target}");
    }
}

#[tokio::test]
async fn a_public_handler_gets_no_access_whoever_asks() {
    let setting = Setting::new();
    let config = setting.config().rule(Rule::public("/"));
    let who = async |access: Option<Access>| match access {
        Some(_) => "somebody",
        None => "nobody",
    };
    let app = Router::new()
        .route("/", get(who))
        .layer(setting.layer(config));

    let request = setting.request("GET", "/", &setting.scoped("accounts"));

    assert_eq!(outcome(&app, request).await, answered("nobody"));
    assert_eq!(outcome(&app, bare("GET", "/")).await, answered("nobody"));
}

#[tokio::test]
async fn without_a_rule_a_request_is_denied_unless_the_configuration_says_otherwise() {
    let setting = Setting::new();
    let deny = app(&setting);
    let authenticated = app_with(&setting, Unmatched::Authenticated);
    let nothing = Outcome::Answered(StatusCode::NOT_FOUND, "nothing here".to_owned());
    for (method, target, answer) in [
        ("GET", "/elsewhere", nothing),
        ("GET", "/payments/1", answered("a payment")),
    ] {
        let request = || setting.request(method, target, &setting.scoped("payments"));
        assert_eq!(outcome(&deny, request()).await, NO_RULE, "{target}");
        assert_eq!(outcome(&authenticated, request()).await, answer, "{target}");
        for app in [&deny, &authenticated] {
            let open = outcome(app, bare(method, target)).await;
            assert_eq!(open, NO_CREDENTIALS, "{target}");
        }
    }
}
