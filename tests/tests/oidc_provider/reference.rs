//! Reference tokens, about which the provider is asked (RFC 7662), also with signed answers (RFC 9701).

use serde_json::{Value, json};

use crate::api::Api;
use crate::client::Client;
use crate::provider::{Answers, Nonces, Provider};

const RESOURCE: &str = "https://opaque.example.com";

#[tokio::test]
async fn a_token_is_good_until_it_is_revoked() {
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    for answers in [Answers::Plain, Answers::Signed] {
        let api = Api::new(&provider.opaque_config(RESOURCE, answers));
        let token = client.token(&provider, RESOURCE, "accounts").await;

        let mut good = api.get(&client.dpop, &token).await;
        assert_eq!(good.status, 200, "{answers:?}: {good:?}");
        assert_eq!(good.caller["claims"].take()["aud"], RESOURCE);
        let expected = json!({
            "issuer": provider.issuer(),
            // Unlike its JWTs, the provider's introspection responses name nobody where there is no resource owner.
            "subject": null,
            "client_id": "app",
            "scope": "accounts",
            "jkt": client.dpop.thumbprint().to_string(),
            "claims": null,
        });
        assert_eq!(good.caller, expected);

        client.revoke(&provider, &token).await;
        let revoked = api.get(&client.dpop, &token).await;
        assert_eq!(revoked.refusal(), (401, "token_inactive"), "{answers:?}");
        assert!(revoked.challenges_with(r#"DPoP error="invalid_token""#));
    }
}

#[tokio::test]
async fn what_the_provider_says_of_a_token_has_to_fit() {
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    for answers in [Answers::Plain, Answers::Signed] {
        let api = Api::new(&provider.opaque_config(RESOURCE, answers));
        let token = client.token(&provider, RESOURCE, "accounts").await;
        let other = client.token(&provider, OTHER_RESOURCE, "accounts").await;

        let unknown = api.get(&client.dpop, "no-token-of-this-issuer").await;
        let stolen = api.get(&client.with_another_key(), &token).await;
        let astray = api.get(&client.dpop, &other).await;

        assert_eq!(unknown.refusal(), (401, "token_inactive"), "{answers:?}");
        assert_eq!(stolen.refusal(), (401, "binding_other_key"), "{answers:?}");
        assert_eq!(astray.refusal(), (401, "token_audience"), "{answers:?}");
    }
}

const OTHER_RESOURCE: &str = "https://other.example.com";

#[tokio::test]
async fn one_api_takes_both_kinds_of_tokens() {
    let jwts_for = "https://es256.example.com";
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    let mut document = provider.opaque_config(RESOURCE, Answers::Signed);
    document["audiences"] = json!([RESOURCE, jwts_for]);
    document["issuers"][0]["token_format"] = "any".into();
    let api = Api::new(&document);

    for resource in [RESOURCE, jwts_for] {
        let token = client.token(&provider, resource, "accounts").await;
        let answer = api.get(&client.dpop, &token).await;
        assert_eq!(answer.status, 200, "{resource}: {answer:?}");
    }
}

/// The provider introspects no JWTs, and answers 400. Whoever asks for `revocation: introspect` in front of it gets no
/// request through, rather than requests that nobody has asked about.
#[tokio::test]
async fn jwts_that_the_provider_does_not_introspect_are_not_let_through() {
    let resource = "https://es256.example.com";
    let client = Client::new();
    let provider = Provider::start(Nonces::Off, &client).await;
    let token = client.token(&provider, resource, "accounts").await;
    let unasked = Api::new(&provider.jwt_config(resource));
    assert_eq!(unasked.get(&client.dpop, &token).await.status, 200);

    let issuer = json!({
        "issuer": provider.issuer(),
        "revocation": "introspect",
        "introspection": provider.introspection(Answers::Plain),
    });
    let api = Api::new(&provider.config(resource, issuer));
    let answer = api.get(&client.dpop, &token).await;

    assert_eq!(answer.refusal(), (503, "introspection_unavailable"));
    assert_eq!((answer.challenge, answer.caller), (None, Value::Null));
}
