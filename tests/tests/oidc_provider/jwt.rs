//! JWT access tokens (RFC 9068), with keys found by discovery.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestClock, now};

use crate::api::Api;
use crate::client::{Client, TokenRequest, bound_token};
use crate::provider::{Nonces, Provider};

const RESOURCE: &str = "https://es256.example.com";

/// A client with a token for the API.
struct Setting {
    client: Client,
    provider: Provider,
    api: Api,
    token: String,
}

impl Setting {
    async fn new() -> Self {
        let client = Client::new();
        let provider = Provider::start(Nonces::Off, &client).await;
        Self {
            api: Api::new(&provider.jwt_config(RESOURCE)),
            token: client.token(&provider, RESOURCE, "accounts").await,
            client,
            provider,
        }
    }
}

/// Among keys for encryption and for algorithms that FAPI 2.0 forbids, of which the provider has some too.
#[tokio::test]
async fn each_algorithm_is_understood_by_both_sides() {
    for (algorithm, resource) in [
        (Algorithm::Es256, "https://es256.example.com"),
        (Algorithm::Ps256, "https://ps256.example.com"),
        (Algorithm::EdDsa, "https://eddsa.example.com"),
        (Algorithm::EdDsa, "https://ed25519.example.com"),
    ] {
        let client = Client::with_algorithm(algorithm);
        let provider = Provider::start(Nonces::Off, &client).await;
        let api = Api::new(&provider.jwt_config(resource));
        let token = client.token(&provider, resource, "accounts payments").await;

        let mut answer = api.get(&client.dpop, &token).await;

        assert_eq!(answer.status, 200, "{resource}: {answer:?}");
        assert_eq!(answer.caller["claims"].take()["aud"], resource);
        let expected = json!({
            "issuer": provider.issuer(),
            // RFC 9068 §2.2: without a resource owner, the client.
            "subject": "app",
            "client_id": "app",
            "scope": "accounts payments",
            "jkt": client.dpop.thumbprint().to_string(),
            "claims": null,
        });
        assert_eq!(answer.caller, expected);
    }
}

#[tokio::test]
async fn a_proof_serves_once() {
    let Setting {
        client,
        api,
        token,
        provider: _provider,
    } = Setting::new().await;
    let proof = api.proof(&client.dpop, &token, now()).build();
    let authorization = format!("DPoP {token}");

    assert_eq!(api.send(&authorization, &proof).await.status, 200);
    let again = api.send(&authorization, &proof).await;

    assert_eq!(again.refusal(), (401, "proof_replayed"));
    assert!(again.challenges_with(r#"DPoP error="invalid_dpop_proof""#));
}

#[tokio::test]
async fn a_bound_token_is_no_bearer_token() {
    let Setting {
        client,
        api,
        token,
        provider: _provider,
    } = Setting::new().await;
    let proof = api.proof(&client.dpop, &token, now()).build();

    let answer = api.send(&format!("Bearer {token}"), &proof).await;

    assert_eq!(answer.refusal(), (401, "token_bearer_scheme"));
    assert!(answer.challenges_with(r#"DPoP error="invalid_token""#));
}

#[tokio::test]
async fn another_key_does_not_open_the_door() {
    let Setting {
        client,
        api,
        token,
        provider: _provider,
    } = Setting::new().await;

    let answer = api.get(&client.with_another_key(), &token).await;

    assert_eq!(answer.refusal(), (401, "binding_other_key"));
    assert!(answer.challenges_with(r#"DPoP error="invalid_token""#));
}

#[tokio::test]
async fn a_token_for_another_resource_is_refused() {
    let Setting {
        client,
        provider,
        token,
        api: _,
    } = Setting::new().await;
    let other = Api::new(&provider.jwt_config("https://ps256.example.com"));

    let answer = other.get(&client.dpop, &token).await;

    assert_eq!(answer.refusal(), (401, "token_audience"));
    assert!(answer.challenges_with(r#"DPoP error="invalid_token""#));
}

#[tokio::test]
async fn a_token_ends_when_the_provider_says() {
    let Setting {
        client,
        provider,
        token,
        ..
    } = Setting::new().await;
    let clock = TestClock::at(now());
    let api = Api::by(&provider.jwt_config(RESOURCE), &clock);
    let authorization = format!("DPoP {token}");
    let get = async || {
        let proof = api.proof(&client.dpop, &token, clock.now());
        api.send(&authorization, &proof.build()).await
    };

    let before = get().await;
    assert_eq!(before.status, 200, "{before:?}");
    let expires = before.caller["claims"]["exp"].as_i64().unwrap();
    clock.advance(expires - clock.now().as_secs() - 1);
    assert_eq!(get().await.status, 200);
    clock.advance(1);

    let answer = get().await;
    assert_eq!(answer.refusal(), (401, "token_expired"));
    assert!(answer.challenges_with(r#"DPoP error="invalid_token""#));
}

#[tokio::test]
async fn a_token_without_scope_has_none() {
    let Setting {
        client,
        provider,
        api,
        ..
    } = Setting::new().await;
    let request = TokenRequest {
        resource: RESOURCE,
        scope: None,
        nonce: None,
    };
    let token = bound_token(client.ask(&provider, request).await).await;

    let answer = api.get(&client.dpop, &token).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.caller["claims"]["scope"], Value::Null);
    assert_eq!(answer.caller["scope"], "");
}

/// Nonces of the authorization server are none of ours (RFC 9449 §8.2).
#[tokio::test]
async fn a_token_got_with_a_nonce_is_a_token_like_any_other() {
    let client = Client::new();
    let provider = Provider::start(Nonces::Required, &client).await;
    let api = Api::new(&provider.jwt_config(RESOURCE));
    let request = TokenRequest {
        resource: RESOURCE,
        scope: Some("accounts"),
        nonce: None,
    };

    let refused = client.ask(&provider, request).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let nonce = refused.headers()["dpop-nonce"].clone();
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"], "use_dpop_nonce");

    let nonce = nonce.to_str().unwrap();
    let request = TokenRequest {
        nonce: Some(nonce),
        ..request
    };
    let token = bound_token(client.ask(&provider, request).await).await;
    assert_eq!(api.get(&client.dpop, &token).await.status, 200);

    // A client that mixes them up is not refused where we ask for none.
    let proof = api.proof(&client.dpop, &token, now()).nonce(nonce);
    let answer = api.send(&format!("DPoP {token}"), &proof.build()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
