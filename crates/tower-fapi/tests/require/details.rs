//! Authorization details that are asked for by a predicate.

use axum::Router;
use axum::routing::post;
use fapi_core::config::OriginConfig;
use serde_json::{Value, json};
use tower_fapi::{Access, Reason, RequireAuthorizationDetails};

use crate::Payment;
use crate::setting::{Outcome, Setting, answered, outcome};

const REFUSED: Outcome = Outcome::Refused(403, Reason::RuleAuthorizationDetails);

/// The amount in the path must have been granted.
fn app() -> Router {
    let exact = RequireAuthorizationDetails::<Payment>::new(|granted, request| {
        request.uri.path().strip_prefix("/payments/") == Some(&granted.amount)
    });
    Router::new()
        .route("/payments/{amount}", post(async |_: Access| "paid"))
        .route_layer(exact)
}

async fn pay(amount: &str, details: Value) -> Outcome {
    let setting = Setting::new();
    let app = app().layer(setting.layer(setting.config()));
    let token = setting.token().claim("authorization_details", details);
    let target = format!("/payments/{amount}");
    let request = setting.request("POST", &target, &token.build());
    outcome(&app, request).await
}

#[tokio::test]
async fn one_element_must_be_enough() {
    let two = || {
        json!([
            { "type": "payment_initiation", "amount": "10.00" },
            { "type": "payment_initiation", "amount": "2.30" }
        ])
    };
    assert_eq!(pay("10.00", two()).await, answered("paid"));
    assert_eq!(pay("2.30", two()).await, answered("paid"));
    // Elements do not add up, and text is compared as text.
    for amount in ["12.30", "10", "10.000", "2.3"] {
        assert_eq!(pay(amount, two()).await, REFUSED, "{amount}");
    }
}

#[tokio::test]
async fn what_has_another_form_grants_nothing() {
    for details in [
        json!(null),
        json!([]),
        json!({ "type": "payment_initiation", "amount": "10.00" }),
        json!([{ "type": "payment", "amount": "10.00" }]),
        json!([{ "type": "payment_initiation" }]),
        json!([{ "type": "payment_initiation", "amount": 10.00 }]),
        json!([{ "type": "payment_initiation", "amount": ["10.00"] }]),
        json!([{ "type": "payment_initiation", "amount": "10.00" }, "x"]),
        json!([{ "type": "payment_initiation", "amount": "10.00", "actions": [] }]),
        json!([{ "type": "payment_initiation", "amount": "10.00", "actions": "pay" }]),
        json!([{ "type": "payment_initiation", "amount": "10.00", "locations": ["https://else.example"] }]),
    ] {
        assert_eq!(pay("10.00", details.clone()).await, REFUSED, "{details}");
    }
    // Its neighbour is none the worse for it.
    let mixed = json!([
        { "type": "payment_initiation", "amount": 10.00 },
        { "type": "payment_initiation", "amount": "10.00", "locations": ["https://api.example.com/payments"] }
    ]);
    assert_eq!(pay("10.00", mixed).await, answered("paid"));
}

/// With several origins, `locations` are compared with the resource at the request's own.
#[tokio::test]
async fn locations_are_those_of_the_requests_origin() {
    let setting = Setting::new();
    let origins = ["https://api.example.com", "https://b.example.com"]
        .map(|origin| OriginConfig::new(origin).resource(origin));
    let app = app().layer(setting.layer(setting.config().origins(origins)));
    for (location, expected) in [
        ("https://api.example.com", answered("paid")),
        ("https://b.example.com", REFUSED),
    ] {
        let token = setting.token().claim(
            "authorization_details",
            json!([{ "type": "payment_initiation", "amount": "1.00", "locations": [location] }]),
        );
        let mut request = setting.request("POST", "/payments/1.00", &token.build());
        let headers = request.headers_mut();
        headers.insert("host", "api.example.com".parse().unwrap());
        assert_eq!(outcome(&app, request).await, expected, "{location}");
    }
}
