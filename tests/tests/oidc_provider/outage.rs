//! The provider goes away, or comes back with other keys.

use crate::api::Api;
use crate::client::Client;
use crate::provider::{Answers, Nonces, Provider};

const JWT: &str = "https://es256.example.com";
const OPAQUE: &str = "https://opaque.example.com";

#[tokio::test]
async fn new_keys_are_found_without_a_restart() {
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    let api = Api::new(&provider.jwt_config(JWT));
    let old = client.token(&provider, JWT, "accounts").await;
    assert_eq!(api.get(&client.dpop, &old).await.status, 200);

    let provider = provider.restart().await;
    let new = client.token(&provider, JWT, "accounts").await;

    let answer = api.get(&client.dpop, &new).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // What is remembered of a token does not outlive the key that signed it.
    let answer = api.get(&client.dpop, &old).await;
    assert_eq!(answer.refusal(), (401, "token_unknown_key"));
}

#[tokio::test]
async fn signed_answers_under_new_keys_are_understood_without_a_restart() {
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    let api = Api::new(&provider.opaque_config(OPAQUE, Answers::Signed));
    let old = client.token(&provider, OPAQUE, "accounts").await;
    assert_eq!(api.get(&client.dpop, &old).await.status, 200);

    let provider = provider.restart().await;
    let new = client.token(&provider, OPAQUE, "accounts").await;

    let answer = api.get(&client.dpop, &new).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // It has forgotten what it issued before.
    let answer = api.get(&client.dpop, &old).await;
    assert_eq!(answer.refusal(), (401, "token_inactive"));
}

#[tokio::test]
async fn without_the_provider_jwts_go_on_and_reference_tokens_wait() {
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    let jwts = Api::new(&provider.jwt_config(JWT));
    let jwt = client.token(&provider, JWT, "accounts").await;
    let opaque = client.token(&provider, OPAQUE, "accounts").await;
    let apis = [Answers::Plain, Answers::Signed]
        .map(|answers| Api::new(&provider.opaque_config(OPAQUE, answers)));
    assert_eq!(jwts.get(&client.dpop, &jwt).await.status, 200);
    for api in &apis {
        assert_eq!(api.get(&client.dpop, &opaque).await.status, 200);
    }

    drop(provider);

    assert_eq!(jwts.get(&client.dpop, &jwt).await.status, 200);
    for api in &apis {
        let answer = api.get(&client.dpop, &opaque).await;
        assert_eq!(answer.refusal(), (503, "introspection_unavailable"));
        assert_eq!(answer.challenge, None);
    }
}
