//! The extractor for authorization details.

use axum::Router;
use axum::routing::post;
use fapi_core::config::Rule;
use http::StatusCode;
use serde_json::json;
use tower_fapi::extract::Details;
use tower_fapi::{Access, Denial};

use crate::Payment;
use crate::setting::{Outcome, Setting, answered, outcome, send};

fn app(setting: &Setting) -> Router {
    let amounts = async |Details(payments): Details<Payment>| {
        let amounts: Vec<_> = payments.into_iter().map(|payment| payment.amount).collect();
        amounts.join(" ")
    };
    let raw = async |access: Access| match access.authorization_details() {
        Ok(details) => {
            let types: Vec<_> = details.iter().map(|one| one.type_name()).collect();
            types.join(" ")
        }
        Err(malformed) => malformed.to_string(),
    };
    Router::new()
        .route("/payments", post(amounts))
        .route("/raw", post(raw))
        .layer(setting.layer(setting.config()))
}

#[tokio::test]
async fn handlers_get_the_elements_that_have_the_form() {
    let setting = Setting::new();
    let app = app(&setting);
    let token = setting.token().claim(
        "authorization_details",
        json!([
            { "type": "payment_initiation", "amount": "1.00" },
            { "type": "account_information", "amount": "2.00" },
            { "type": "payment_initiation", "amount": 3.00 },
            { "type": "payment_initiation", "amount": "4.00", "locations": ["https://api.example.com"] },
            { "type": "payment_initiation", "amount": "5.00", "locations": ["https://else.example"] }
        ]),
    );
    let token = token.build();
    let ask = |target: &str| setting.request("POST", target, &token);
    assert_eq!(outcome(&app, ask("/payments")).await, answered("1.00 4.00"));
    assert_eq!(
        outcome(&app, ask("/raw")).await,
        answered("payment_initiation account_information payment_initiation payment_initiation")
    );
}

#[tokio::test]
async fn without_any_the_answer_is_the_rules() {
    let setting = Setting::new();
    let rule = Rule::new("/payments").authorization_details(["payment_initiation"]);
    let by_rule = Router::new()
        .route("/payments", post(async || "done"))
        .layer(setting.layer(setting.config().rule(rule)));
    for details in [
        json!([]),
        json!("malformed"),
        json!([{ "type": "payment_initiation", "actions": ["*"] }]),
    ] {
        let token = setting.token().claim("authorization_details", details);
        let token = token.build();
        let ask = || setting.request("POST", "/payments", &token);
        let expected = send(&by_rule, ask()).await;
        let response = send(&app(&setting), ask()).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(
            response.extensions().get::<Denial>().unwrap(),
            expected.extensions().get::<Denial>().unwrap()
        );
        for name in ["www-authenticate", "cache-control"] {
            let value = response.headers().get(name);
            assert!(value.is_some(), "{name}");
            assert_eq!(value, expected.headers().get(name), "{name}");
        }
        assert!(response.headers().contains_key("x-fapi-interaction-id"));
    }
    let token = setting.token().claim("authorization_details", "malformed");
    let request = setting.request("POST", "/raw", &token.build());
    assert!(
        matches!(outcome(&app(&setting), request).await, Outcome::Answered(_, text) if text.contains("malformed"))
    );
}
