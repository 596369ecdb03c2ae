//! `report_only`: what would be refused goes on, and handlers that ask for access still get none.

use axum::routing::get;
use axum::{Extension, Router};
use fapi_core::config::{ConfigBuilder, Mode, NonceConfig, Rule};
use http::StatusCode;
use tower_fapi::{Access, Reason, Reported};

use crate::setting::{Outcome, Setting, answered, bare, header, outcome, send, with_proof};

fn app(setting: &Setting, config: ConfigBuilder) -> Router {
    let reported = async |reported: Option<Extension<Reported>>| match reported {
        Some(Extension(reported)) => reported.denial().reason().code(),
        None => "fine",
    };
    let perhaps = async |access: Option<Access>| match access {
        Some(_) => "somebody",
        None => "nobody",
    };
    Router::new()
        .route("/reported", get(reported))
        .route("/access", get(async |_: Access| "somebody"))
        .route("/perhaps", get(perhaps))
        .layer(setting.layer(config))
}

#[tokio::test]
async fn handlers_see_why_a_request_would_have_been_refused() {
    let setting = Setting::new();
    let config = setting.config().mode(Mode::ReportOnly);
    let app = app(
        &setting,
        config.rule(Rule::new("/{page}").scopes(["accounts"])),
    );
    let good = |target| setting.request("GET", target, &setting.scoped("accounts"));
    let poor = |target| setting.request("GET", target, &setting.scoped("payments"));

    for (request, expected) in [
        (bare("GET", "/reported"), "no_credentials"),
        (poor("/reported"), "rule_scope"),
        (good("/reported"), "fine"),
        (bare("GET", "/perhaps"), "nobody"),
        (poor("/perhaps"), "nobody"),
        (good("/perhaps"), "somebody"),
        (good("/access"), "somebody"),
    ] {
        assert_eq!(outcome(&app, request).await, answered(expected));
    }
}

#[tokio::test]
async fn the_extractor_answers_what_the_layer_would_have() {
    let setting = Setting::new();
    let config = || {
        setting
            .config()
            .rule(Rule::new("/access").scopes(["accounts"]))
    };
    let enforcing = app(&setting, config());
    let reporting = app(&setting, config().mode(Mode::ReportOnly));
    for (request, status) in [
        (
            (|_: &Setting| bare("GET", "/access")) as fn(&Setting) -> _,
            401,
        ),
        (
            |setting| setting.request("GET", "/access", &setting.scoped("payments")),
            403,
        ),
    ] {
        let enforced = send(&enforcing, request(&setting)).await;
        let reported = send(&reporting, request(&setting)).await;
        assert_eq!(reported.status().as_u16(), status);
        assert_eq!(reported.status(), enforced.status());
        for name in ["www-authenticate", "cache-control"] {
            let value = header(&reported, name);
            assert!(value.is_some(), "{name}");
            assert_eq!(value, header(&enforced, name));
        }
    }
}

#[tokio::test]
async fn a_rule_has_its_own_mode() {
    let setting = Setting::new();
    let rules = |config: ConfigBuilder| {
        config
            .rule(
                Rule::new("/reported")
                    .scopes(["accounts"])
                    .mode(Mode::ReportOnly),
            )
            .rule(
                Rule::new("/perhaps")
                    .scopes(["accounts"])
                    .mode(Mode::Enforce),
            )
            .rule(Rule::new("/access").scopes(["accounts"]))
    };
    let refused = Outcome::Refused(401, Reason::NoCredentials);
    for mode in [Mode::Enforce, Mode::ReportOnly] {
        let app = app(&setting, rules(setting.config()).mode(mode));

        let reported = outcome(&app, bare("GET", "/reported")).await;
        assert_eq!(reported, answered("no_credentials"));
        assert_eq!(outcome(&app, bare("GET", "/perhaps")).await, refused);
        let by_document = outcome(&app, bare("GET", "/access")).await;
        match mode {
            Mode::Enforce => assert_eq!(by_document, refused),
            Mode::ReportOnly => assert_eq!(
                by_document,
                Outcome::Answered(StatusCode::UNAUTHORIZED, String::new())
            ),
        }
    }
}

#[tokio::test]
async fn a_response_offers_the_nonce_that_was_missing() {
    let setting = Setting::new();
    let config = setting.config().mode(Mode::ReportOnly);
    let app = app(&setting, config.nonce(NonceConfig::required()));
    let token = setting.scoped("accounts");

    for target in ["/reported", "/access"] {
        let first = send(&app, setting.request("GET", target, &token)).await;
        let nonce = header(&first, "dpop-nonce").unwrap();
        assert_eq!(header(&first, "cache-control"), Some("no-store"));

        let url = format!("https://api.example.com{target}");
        let proof = setting.client.proof("GET", &url, setting.clock.now());
        let proof = proof.token(&token).nonce(nonce).build();
        let second = outcome(&app, with_proof("GET", target, &token, &proof)).await;
        let expected = match target {
            "/reported" => "fine",
            _ => "somebody",
        };
        assert_eq!(second, answered(expected));
    }
}
