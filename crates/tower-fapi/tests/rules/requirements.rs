//! What rules ask of a good token, and what the client is told where it lacks that.

use axum::Router;
use axum::routing::any;
use fapi_core::config::Rule;
use serde_json::json;
use tower_fapi::testing::TestIssuer;
use tower_fapi::{Access, Reason};

use crate::setting::{Outcome, Setting, answered, header, outcome, send};

fn app(setting: &Setting, rule: Rule) -> Router {
    Router::new()
        .route("/payments", any(async |_: Access| "done"))
        .layer(setting.layer(setting.config().rule(rule)))
}

async fn challenge(app: &Router, setting: &Setting, token: &str) -> (u16, String) {
    let response = send(app, setting.request("POST", "/payments", token)).await;
    let challenge = header(&response, "www-authenticate").unwrap_or_default();
    (response.status().as_u16(), challenge.to_owned())
}

#[tokio::test]
async fn missing_scope_is_named() {
    let setting = Setting::new();
    let app = app(
        &setting,
        Rule::new("/payments").scopes(["accounts", "payments"]),
    );

    for scope in ["accounts", "payments2 accounts", "Payments accounts"] {
        let (status, challenge) = challenge(&app, &setting, &setting.scoped(scope)).await;
        assert_eq!(status, 403, "{scope}");
        assert!(
            challenge.starts_with("DPoP error=\"insufficient_scope\", "),
            "{challenge}"
        );
        assert!(
            challenge.contains(", scope=\"accounts payments\", "),
            "{challenge}"
        );
    }

    let token = setting.scoped("x payments accounts");
    let request = setting.request("POST", "/payments", &token);
    assert_eq!(outcome(&app, request).await, answered("done"));
}

#[tokio::test]
async fn stronger_and_fresher_authentication_is_asked_for() {
    let setting = Setting::new();
    let rule = Rule::new("/payments")
        .acr_values(["loa4", "loa3"])
        .max_age_seconds(60)
        .scopes(["payments"]);
    let app = app(&setting, rule);
    let now = setting.clock.now().as_secs();
    let token = |acr: &str, time: i64| {
        let token = setting.token().scope("payments").claim("acr", acr);
        token.claim("auth_time", time).build()
    };

    let (status, challenge) = challenge(&app, &setting, &token("loa2", now)).await;
    assert_eq!(status, 401);
    assert!(
        challenge.starts_with("DPoP error=\"insufficient_user_authentication\", "),
        "{challenge}"
    );
    assert!(
        challenge.contains(", acr_values=\"loa4 loa3\", max_age=\"60\", algs="),
        "{challenge}"
    );

    for (acr, age, expected) in [
        ("loa3", 0, answered("done")),
        ("loa4", 60, answered("done")),
        (
            "loa3",
            61,
            Outcome::Refused(401, Reason::RuleAuthentication),
        ),
        (
            "loa4 loa3",
            0,
            Outcome::Refused(401, Reason::RuleAuthentication),
        ),
    ] {
        let request = setting.request("POST", "/payments", &token(acr, now - age));
        assert_eq!(outcome(&app, request).await, expected, "{acr} {age}");
    }
}

#[tokio::test]
async fn an_authentication_gets_too_old_while_the_token_lives() {
    let setting = Setting::new();
    let app = app(&setting, Rule::new("/payments").max_age_seconds(60));
    let now = setting.clock.now().as_secs();
    let token = setting.token().claim("auth_time", now).build();
    let request = || setting.request("POST", "/payments", &token);

    setting.clock.advance(60);
    assert_eq!(outcome(&app, request()).await, answered("done"));
    setting.clock.advance(1);
    let refused = Outcome::Refused(401, Reason::RuleAuthentication);
    assert_eq!(outcome(&app, request()).await, refused);
}

#[tokio::test]
async fn authorization_details_of_the_types_are_asked_for() {
    let setting = Setting::new();
    let rule = Rule::new("/payments").authorization_details(["payment_initiation"]);
    let app = app(&setting, rule);
    let refused = Outcome::Refused(403, Reason::RuleAuthorizationDetails);
    for (details, expected) in [
        (json!([{ "type": "payment_initiation" }]), answered("done")),
        (
            json!([{ "type": "a" }, { "type": "payment_initiation", "locations": ["https://api.example.com"] }]),
            answered("done"),
        ),
        (
            json!([{ "type": "payment_initiation", "locations": ["https://other.example.com"] }]),
            refused.clone(),
        ),
        (json!([{ "type": "account_information" }]), refused.clone()),
        (json!([]), refused.clone()),
        (json!({ "type": "payment_initiation" }), refused.clone()),
    ] {
        let token = setting
            .token()
            .claim("authorization_details", details.clone());
        let request = setting.request("POST", "/payments", &token.build());
        assert_eq!(outcome(&app, request).await, expected, "{details}");
    }

    let (status, challenge) = challenge(&app, &setting, &setting.scoped("payments")).await;
    assert_eq!(status, 403);
    assert!(
        challenge.starts_with("DPoP error=\"insufficient_scope\", "),
        "{challenge}"
    );
    assert!(!challenge.contains(", scope="), "{challenge}");
}

#[tokio::test]
async fn a_rule_may_trust_some_issuers_only() {
    let setting = Setting::new();
    let other = TestIssuer::new("https://other.example.com");
    let config = setting
        .config()
        .issuer(other.issuer_config())
        .rule(Rule::new("/payments").issuers(["https://as.example.com"]))
        .rule(Rule::new("/accounts"));
    let app = Router::new()
        .fallback(async |_: Access| "done")
        .layer(setting.layer(config));
    let now = setting.clock.now();
    let theirs = other.token(setting.client.thumbprint(), now).build();
    let ours = setting.token().build();

    for (target, token, expected) in [
        ("/payments", &ours, answered("done")),
        (
            "/payments",
            &theirs,
            Outcome::Refused(403, Reason::RuleIssuer),
        ),
        ("/accounts", &ours, answered("done")),
        ("/accounts", &theirs, answered("done")),
    ] {
        let request = setting.request("GET", target, token);
        assert_eq!(outcome(&app, request).await, expected, "{target}");
    }
}
