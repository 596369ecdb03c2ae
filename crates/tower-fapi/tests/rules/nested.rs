//! Rules and nested routers: a rule is for the path that the client asked for, wherever the layer stands.

use axum::Router;
use axum::routing::post;
use fapi_core::config::Rule;
use tower_fapi::{Access, FapiLayer, Reason};

use crate::setting::{Outcome, Setting, answered, bare, outcome};

fn payments() -> Router {
    Router::new().route("/payments/{id}", post(|_: Access| async { "paid" }))
}

fn inside(layer: FapiLayer) -> Router {
    Router::new().nest("/api", payments().layer(layer))
}

fn outside(layer: FapiLayer) -> Router {
    Router::new().nest("/api", payments()).layer(layer)
}

fn on_each_route(layer: FapiLayer) -> Router {
    Router::new().nest("/api", Router::new().merge(payments()).route_layer(layer))
}

#[tokio::test]
async fn the_path_that_the_client_asked_for_is_compared() {
    for build in [inside, outside, on_each_route] {
        let setting = Setting::new();
        let config = setting
            .config()
            .rule(
                Rule::new("/api/payments/{id}")
                    .methods(["POST"])
                    .scopes(["payments"]),
            )
            // What a layer would find that sees the path of the nested router only.
            .rule(Rule::public("/payments/{id}"));
        let app = build(setting.layer(config));
        let pay = |token: &str| setting.request("POST", "/api/payments/1", token);

        let open = outcome(&app, bare("POST", "/api/payments/1")).await;
        let lacking = outcome(&app, pay(&setting.scoped("accounts"))).await;
        let enough = outcome(&app, pay(&setting.scoped("accounts payments"))).await;

        assert_eq!(open, Outcome::Refused(401, Reason::NoCredentials));
        assert_eq!(lacking, Outcome::Refused(403, Reason::RuleScope));
        assert_eq!(enough, answered("paid"));
    }
}

#[tokio::test]
async fn a_rule_for_the_inner_path_opens_nothing() {
    for build in [inside, outside, on_each_route] {
        let setting = Setting::new();
        let config = setting.config().rule(Rule::new("/payments/{id}"));
        let app = build(setting.layer(config));

        let token = setting.scoped("payments");
        let request = setting.request("POST", "/api/payments/1", &token);

        let refused = Outcome::Refused(403, Reason::NoRule);
        assert_eq!(outcome(&app, request).await, refused);
    }
}
