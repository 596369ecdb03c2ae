//! Keys that are exchanged while the issuer runs.

use fapi_core::KeySet;
use fapi_core::jose::{Algorithm, Thumbprint};
use fapi_core::token::Confirmation;
use fapi_issuer::{Grant, Revocation, RotationError};
use serde_json::{Value, json};

use crate::harness::{API, Server, key, part};

async fn kids(server: &Server) -> Vec<Value> {
    let jwks = server.get("/jwks").await.body;
    KeySet::from_json(jwks.to_string().as_bytes()).unwrap();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].clone()).collect()
}

async fn mint(server: &Server) -> String {
    let confirmation = Confirmation::Key(Thumbprint::from_bytes([7; 32]));
    let token = server
        .issuer
        .mint(&Grant::new("client", API, confirmation))
        .await
        .unwrap();
    token.as_str().to_owned()
}

async fn start() -> Server {
    Server::start_with(Algorithm::Es256, |builder| {
        builder.signing_key(key(Algorithm::Es256).with_kid("first"))
    })
    .await
}

#[tokio::test]
async fn a_key_is_published_before_it_signs() {
    let server = start().await;
    let second = key(Algorithm::EdDsa).with_kid("second");
    server.issuer.publish_key(second).unwrap();
    assert_eq!(kids(&server).await, ["first", "second"]);
    assert_eq!(part(&mint(&server).await, 0)["kid"], "first");
    server.issuer.sign_with("second").unwrap();
    assert_eq!(part(&mint(&server).await, 0)["kid"], "second");
    assert_eq!(kids(&server).await, ["second", "first"]);
    let metadata = server.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(
        metadata.body["introspection_signing_alg_values_supported"],
        json!(["EdDSA"])
    );
}

#[tokio::test]
async fn an_old_key_is_published_until_its_last_token_expires() {
    let server = start().await;
    let token = mint(&server).await;
    let second = server.issuer.rotate_keys(None).await.unwrap();
    assert_eq!(part(&mint(&server).await, 0)["kid"], *second);
    server.clock.advance(299);
    assert_eq!(kids(&server).await, [&*second, "first"]);
    assert_eq!(server.issuer.revoke(&token).await, Ok(Revocation::Revoked));
    server.clock.advance(1);
    assert_eq!(kids(&server).await, [&*second]);
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_tokens_along() {
    let server = start().await;
    let token = mint(&server).await;
    assert!(matches!(
        server.issuer.withdraw_key("first").await,
        Err(RotationError::Signs)
    ));
    let second = server.issuer.rotate_keys(None).await.unwrap();
    server.issuer.withdraw_key("first").await.unwrap();
    assert_eq!(kids(&server).await, [&*second]);
    assert_eq!(server.issuer.revoke(&token).await, Ok(Revocation::NoToken));
}

#[tokio::test]
async fn keys_may_be_exchanged_again_and_again() {
    let server = start().await;
    for _ in 0..20 {
        server.clock.advance(60);
        let kid = server.issuer.rotate_keys(None).await.unwrap();
        assert_eq!(part(&mint(&server).await, 0)["kid"], *kid);
    }
    // One signs, and those of the last 300 seconds are published.
    assert_eq!(kids(&server).await.len(), 1 + 5);
}
