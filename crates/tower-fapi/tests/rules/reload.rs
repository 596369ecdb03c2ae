//! The handle: another configuration while the application runs, and metadata.

use axum::Router;
use fapi_core::config::{OriginConfig, Rule};
use serde_json::Value;
use tower_fapi::{Access, FapiConfig, FapiLayer, Reason};

use crate::setting::{API, Outcome, Setting, answered, outcome, with_proof};

fn app(layer: FapiLayer) -> Router {
    Router::new()
        .fallback(async |_: Access| "done")
        .layer(layer)
}

#[tokio::test]
async fn a_rule_takes_effect_on_the_next_request() {
    let setting = Setting::new();
    let layer = setting.layer(setting.config());
    let handle = layer.handle();
    let app = app(layer);
    let token = setting.scoped("accounts");
    let request = || setting.request("GET", "/payments", &token);
    assert_eq!(outcome(&app, request()).await, answered("done"));

    let rule = Rule::new("/payments").scopes(["payments"]);
    let stricter = setting.config().rule(rule).build().unwrap();
    handle.reload(&stricter).unwrap();
    let refused = Outcome::Refused(403, Reason::RuleScope);
    assert_eq!(outcome(&app, request()).await, refused);

    handle.reload(&setting.config().build().unwrap()).unwrap();
    assert_eq!(outcome(&app, request()).await, answered("done"));
}

#[tokio::test]
async fn a_wrong_configuration_changes_nothing() {
    let setting = Setting::new();
    let rule = || Rule::new("/payments").scopes(["payments"]);
    let layer = setting.layer(setting.config().rule(rule()));
    let handle = layer.handle();
    let app = app(layer);

    // As a program might put it together without the builder, which would refuse it as well.
    let mut twice: FapiConfig = setting.config().rule(rule()).build().unwrap();
    twice.rules.push(Rule::public("/payments"));
    let error = handle.reload(&twice).unwrap_err();
    assert!(error.path().starts_with("rules"), "{error}");
    let mut nobody = setting.config().build().unwrap();
    nobody.issuers.clear();
    assert_eq!(handle.reload(&nobody).unwrap_err().path(), "issuers");

    for (scope, expected) in [
        ("payments", answered("done")),
        ("accounts", Outcome::Refused(403, Reason::RuleScope)),
    ] {
        let request = setting.request("GET", "/payments", &setting.scoped(scope));
        assert_eq!(outcome(&app, request).await, expected, "{scope}");
    }
}

#[tokio::test]
async fn used_proofs_stay_used() {
    let setting = Setting::new();
    let layer = setting.layer(setting.config());
    let handle = layer.handle();
    let app = app(layer);
    let token = setting.scoped("payments");
    let url = format!("{API}/payments");
    let proof = setting.client.proof("GET", &url, setting.clock.now());
    let proof = proof.token(&token).build();
    let request = || with_proof("GET", "/payments", &token, &proof);
    assert_eq!(outcome(&app, request()).await, answered("done"));

    let rule = Rule::new("/payments").scopes(["payments"]);
    let other = setting.config().rule(rule).build().unwrap();
    handle.reload(&other).unwrap();

    let replayed = Outcome::Refused(401, Reason::ProofReplayed);
    assert_eq!(outcome(&app, request()).await, replayed);
}

#[tokio::test]
async fn metadata_is_that_of_the_configuration_in_force() {
    let setting = Setting::new();
    let handle = setting.layer(setting.config()).handle();
    let metadata = handle.metadata(None).unwrap();
    let path = "/.well-known/oauth-protected-resource";
    assert_eq!(metadata.path(), path);
    assert_eq!(metadata.url(), format!("{API}{path}"));
    let document: Value = serde_json::from_str(metadata.document()).unwrap();
    assert_eq!(document["resource"], API);
    assert_eq!(
        document["authorization_servers"],
        serde_json::json!(["https://as.example.com"])
    );
    // The only one, whatever the client calls us.
    assert!(handle.metadata(Some("evil.example")).is_some());

    let origins = ["https://a.example.com", "https://b.example.com"]
        .map(|origin| OriginConfig::new(origin).resource(origin));
    let two = setting.config().origins(origins).build().unwrap();
    handle.reload(&two).unwrap();
    assert!(handle.metadata(Some("evil.example")).is_none());
    let url = |authority| {
        handle
            .metadata(Some(authority))
            .map(|it| it.url().to_owned())
    };
    assert_eq!(
        url("b.example.com"),
        Some(format!("https://b.example.com{path}"))
    );
}
