//! The whole path: a request with a reference token, through the layer, to an introspection endpoint and back.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod introspect_support;

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_crypto::SigningKey;
use http::{Request, Response, StatusCode};
use introspect_support::*;
use serde_json::{Value, json as value};
use sha2::{Digest as _, Sha256};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_fapi::introspect::HttpIntrospector;
use tower_fapi::{Access, FapiLayer};

/// What the client gets for a request that the introspection endpoint of `server` decides about.
async fn sent(server: &Server, client: &SigningKey) -> Response<String> {
    let config = config(endpoint(&server.origin, &signing_key()));
    let introspector = HttpIntrospector::builder(&config).clock(|| NOW).build();
    let layer = FapiLayer::builder(config)
        .introspector(introspector.unwrap())
        .clock(|| NOW)
        .build()
        .unwrap();
    let service = layer.layer(service_fn(async |request: Request<()>| {
        let access = request.extensions().get::<Access>().unwrap();
        Ok::<_, Infallible>(Response::new(access.subject().unwrap().to_owned()))
    }));
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(TOKEN));
    let header = value!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": client.public_jwk_members() });
    let claims = value!({
        "htm": "GET", "htu": format!("{RS}/a"), "iat": NOW.as_secs(), "jti": "j-1", "ath": ath,
    });
    let proof = client.sign_compact(&header.to_string(), claims.to_string().as_bytes());
    let request = Request::get("/a")
        .header("authorization", format!("DPoP {TOKEN}"))
        .header("dpop", proof.unwrap())
        .body(());
    service.oneshot(request.unwrap()).await.unwrap()
}

fn answer(client: &SigningKey, changes: Value) -> Vec<u8> {
    let mut answer = value!({
        "active": true, "sub": "alice", "client_id": "app", "exp": NOW.as_secs() + 300,
        "cnf": { "jkt": client.thumbprint().to_string() },
    });
    let members = answer.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    json(&answer.to_string())
}

#[tokio::test]
async fn an_active_token_opens_the_door() {
    let client = signing_key();
    let server = Server::always(answer(&client, value!({}))).await;
    let response = sent(&server, &client).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body(), "alice");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn what_the_issuer_denies_is_the_clients_fault() {
    let client = signing_key();
    for changes in [
        value!({ "active": false }),
        value!({ "active": "true" }),
        value!({ "exp": NOW.as_secs() }),
        value!({ "aud": "https://other.example.com" }),
        value!({ "cnf": { "jkt": signing_key().thumbprint().to_string() } }),
    ] {
        let server = Server::always(answer(&client, changes.clone())).await;
        let response = sent(&server, &client).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{changes}");
    }
}

#[tokio::test]
async fn what_the_issuer_does_not_say_is_not_the_clients_fault() {
    let client = signing_key();
    for bytes in [
        response(
            "401 Unauthorized",
            "application/json",
            r#"{"error":"invalid_client"}"#,
        ),
        response("500 Internal Server Error", "text/plain", ""),
        response("200 OK", "text/html", "<html>"),
        json("<html>"),
        json(""),
        json(r#"{"active":tr"#),
        json(r#"{"active":false,"active":true}"#),
        // Nobody verifies it where unsigned answers are configured.
        response(
            "200 OK",
            "application/token-introspection+jwt",
            "e30.e30.e30",
        ),
    ] {
        let server = Server::always(bytes.clone()).await;
        let response = sent(&server, &client).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{text}");
        assert!(response.headers().contains_key("retry-after"), "{text}");
        assert!(
            !response.headers().contains_key("www-authenticate"),
            "{text}"
        );
    }
}
