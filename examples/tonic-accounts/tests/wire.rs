//! Calls over a real connection, below and above tonic's client.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use example_tonic_accounts::accounts::GetRequest;
use example_tonic_accounts::accounts::accounts_client::AccountsClient;
use example_tonic_accounts::cases::CASES;
use example_tonic_accounts::scene::{Scene, Side};
use http::{Method, Request, Response};
use http_body::Body as _;
use tonic::Code;
use tonic::body::Body;
use tower::ServiceExt as _;

/// A request as the connection takes it, without token.
async fn post(side: &Side, content_type: &str) -> Response<Body> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/accounts.v1.Accounts/Get")
        .header("content-type", content_type)
        .body(Body::empty())
        .unwrap();
    side.channel.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn every_case_becomes_what_it_should() {
    let scene = Scene::start().await.unwrap();
    for case in CASES {
        let outcome = case.run(&scene).await.unwrap();
        assert!(case.expected.is(&outcome), "{}\n{outcome}", case.sent);
    }
}

#[tokio::test]
async fn a_refusal_is_trailers_only() {
    let scene = Scene::start().await.unwrap();
    for content_type in ["application/grpc", "application/grpc+proto"] {
        let response = post(&scene.plain, content_type).await;

        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "application/grpc");
        assert_eq!(headers["grpc-status"], "16");
        assert!(headers.contains_key("www-authenticate"));
        // The headers ended the stream: neither data nor trailers come after them.
        assert!(response.body().is_end_stream());
    }
}

#[tokio::test]
async fn grpc_web_gets_a_plain_http_refusal() {
    let scene = Scene::start().await.unwrap();
    for content_type in ["application/grpc-web", "application/grpc-web+proto"] {
        let response = post(&scene.plain, content_type).await;

        assert_eq!(response.status(), 401);
        assert!(!response.headers().contains_key("grpc-status"));
        assert!(response.headers().contains_key("www-authenticate"));
    }
}

/// R17.
#[tokio::test]
async fn the_status_keeps_challenge_and_nonce() {
    let scene = Scene::start().await.unwrap();
    let side = &scene.nonces;
    let mut client =
        AccountsClient::with_interceptor(side.channel.clone(), side.credentials.clone());

    let status = client.get(GetRequest {}).await.unwrap_err();

    assert_eq!(status.code(), Code::Unauthenticated);
    let challenge = status.metadata().get("www-authenticate").unwrap();
    let challenge = challenge.to_str().unwrap();
    assert!(
        challenge.starts_with("DPoP error=\"use_dpop_nonce\""),
        "{challenge}"
    );
    let nonce = status.metadata().get("dpop-nonce").unwrap();
    side.credentials.learn(nonce.to_str().unwrap());
    let account = client.get(GetRequest {}).await.unwrap().into_inner();
    assert_eq!(account.owner, "alice");
}

#[tokio::test]
async fn a_streaming_call_is_refused_before_its_first_message() {
    let scene = Scene::start().await.unwrap();

    // The call fails, not the stream.
    let status = scene
        .plain
        .bare_client()
        .watch(GetRequest {})
        .await
        .unwrap_err();

    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.metadata().contains_key("www-authenticate"));
}
