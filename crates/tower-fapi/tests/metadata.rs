//! Protected resource metadata (RFC 9728), where a client looks for them.

#![cfg(all(feature = "axum", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use tower_fapi::FapiLayer;
use tower_fapi::testing::TestIssuer;

fn app(resource: &str) -> Router {
    let issuer = TestIssuer::new("https://as.example.com").for_resource(resource);
    let fapi = FapiLayer::new(issuer.resource_config()).unwrap();
    Router::new()
        .route("/accounts", get(async || "42"))
        .fallback(async || "somewhere")
        .layer(fapi.clone())
        .merge(fapi.handle().metadata_routes())
}

async fn send(app: &Router, path: &str) -> (StatusCode, Option<String>, Vec<u8>) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, challenge, body.to_vec())
}

/// RFC 9728 §3.1, §5.1: the address that a challenge names is the address that answers.
#[tokio::test]
async fn challenges_name_the_address_that_answers() {
    for (resource, path) in [
        (
            "https://api.example.com",
            "/.well-known/oauth-protected-resource",
        ),
        (
            "https://api.example.com/v1",
            "/.well-known/oauth-protected-resource/v1",
        ),
    ] {
        let app = app(resource);
        let (status, challenge, _) = send(&app, "/accounts").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let named = format!("resource_metadata=\"https://api.example.com{path}\"");
        assert!(challenge.unwrap().contains(&named), "{named}");

        let (status, _, body) = send(&app, path).await;
        assert_eq!(status, StatusCode::OK);
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["resource"], resource);
        assert_eq!(
            document["authorization_servers"][0],
            "https://as.example.com"
        );
    }
}

#[tokio::test]
async fn another_resources_address_answers_nothing() {
    let app = app("https://api.example.com/v1");
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/v2",
        "/.well-known/oauth-protected-resource/v1/",
    ] {
        assert_eq!(send(&app, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}
