//! `report_only`: what a requirement would refuse goes on, as what the layer would refuse does.

use axum::routing::get;
use axum::{Extension, Router};
use fapi_core::config::{ConfigBuilder, Mode, Rule};
use serde_json::json;
use tower_fapi::extract::Details;
use tower_fapi::{Access, Reported, RequireAcr, RequireAuthorizationDetails, RequireScope};

use crate::Payment;
use crate::setting::{Setting, answered, bare, header, outcome, send};

fn app(setting: &Setting, config: ConfigBuilder) -> Router {
    let reported = async |reported: Option<Extension<Reported>>, access: Option<Access>| match (
        reported, access,
    ) {
        (Some(Extension(reported)), None) => reported.denial().reason().code(),
        (None, Some(_)) => "fine",
        (Some(_), Some(_)) => "both",
        (None, None) => "neither",
    };
    Router::new()
        .route("/reported", get(reported))
        .route("/access", get(async |_: Access| "somebody"))
        .route_layer(RequireAuthorizationDetails::<Payment>::new(|_, _| true))
        .route_layer(RequireAcr::new(["loa3"]).unwrap())
        .route_layer(RequireScope::new(["payments"]).unwrap())
        .layer(setting.layer(config))
}

fn reporting(setting: &Setting) -> [Router; 2] {
    let rule = Rule::new("/{page}").mode(Mode::ReportOnly);
    [
        app(setting, setting.config().mode(Mode::ReportOnly)),
        app(setting, setting.config().rule(rule)),
    ]
}

#[tokio::test]
async fn the_first_that_would_have_refused_is_reported() {
    let setting = Setting::new();
    let token = || setting.token().scope("payments");
    let details = json!([{ "type": "payment_initiation", "amount": "1.00" }]);
    for app in reporting(&setting) {
        assert_eq!(
            outcome(&app, bare("GET", "/reported")).await,
            answered("no_credentials")
        );
        for (token, expected) in [
            (setting.scoped("accounts"), "rule_scope"),
            (token().build(), "rule_authentication"),
            (
                token().claim("acr", "loa3").build(),
                "rule_authorization_details",
            ),
            (
                token()
                    .claim("acr", "loa3")
                    .claim("authorization_details", details.clone())
                    .build(),
                "fine",
            ),
        ] {
            let request = setting.request("GET", "/reported", &token);
            assert_eq!(outcome(&app, request).await, answered(expected));
        }
    }
}

#[tokio::test]
async fn the_extractor_of_access_answers_what_the_requirement_would_have() {
    let setting = Setting::new();
    let enforced = {
        let app = app(&setting, setting.config());
        let request = setting.request("GET", "/access", &setting.scoped("accounts"));
        send(&app, request).await
    };
    for app in reporting(&setting) {
        let request = setting.request("GET", "/access", &setting.scoped("accounts"));
        let reported = send(&app, request).await;
        assert_eq!(reported.status(), enforced.status());
        for name in ["www-authenticate", "cache-control"] {
            assert!(header(&reported, name).is_some(), "{name}");
            assert_eq!(header(&reported, name), header(&enforced, name));
        }
    }
}

/// A handler that cannot do without details does not run; one that asks for them perhaps does.
#[tokio::test]
async fn the_extractor_of_details_answers_as_that_of_access_does() {
    let setting = Setting::new();
    let app = Router::new()
        .route("/details", get(async |_: Details<Payment>| "some"))
        .route(
            "/perhaps",
            get(async |details: Option<Details<Payment>>| match details {
                Some(_) => "some",
                None => "none",
            }),
        )
        .layer(setting.layer(setting.config().mode(Mode::ReportOnly)));
    let token = setting.scoped("payments");
    let response = send(&app, setting.request("GET", "/details", &token)).await;
    assert_eq!(response.status().as_u16(), 403);
    let challenge = header(&response, "www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    let request = setting.request("GET", "/perhaps", &token);
    assert_eq!(outcome(&app, request).await, answered("none"));
}
