//! Which of an issuer's keys is tried for a token.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod support;

use fapi_core::jose::Algorithm;
use fapi_core::{KeySet, Reason};
use fapi_crypto::SigningKey;
use serde_json::{Value, json};
use std::sync::Arc;
use support::*;

fn set(keys: &[Value]) -> AtHand {
    let json = json!({ "keys": keys }).to_string();
    AtHand(Some(Arc::new(KeySet::from_json(json.as_bytes()).unwrap())))
}

fn ed25519() -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa).unwrap()
}

/// The reason of refusal, or `None`.
fn outcome(client: &Client, token: &str, keys: &AtHand) -> Option<Reason> {
    let proof = client.proof(token);
    match client.send_knowing(&verifier(config()), token, &proof, keys, Some(EPOCH), NOW) {
        fapi_core::Step::NeedReplayCheck(_) => None,
        step => Some(denied(step).reason()),
    }
}

fn without_kid(client: &Client) -> String {
    let header = json!({ "typ": "at+jwt", "alg": "ES256" }).to_string();
    let claims = client.claims().to_string();
    client
        .issuer
        .sign_compact(&header, claims.as_bytes())
        .unwrap()
}

#[test]
fn a_token_without_kid_is_tried_with_four_suitable_keys() {
    let client = Client::new();
    let token = without_kid(&client);
    // Keys of another type are not suitable, so they use up no try.
    let mut keys: Vec<_> = (0..5).map(|_| ed25519().public_jwk()).collect();
    keys.extend((0..3).map(|_| key().public_jwk()));
    keys.push(client.issuer.public_jwk());
    assert_eq!(outcome(&client, &token, &set(&keys)), None);
    keys.insert(0, key().public_jwk());
    assert_eq!(
        outcome(&client, &token, &set(&keys)),
        Some(Reason::TokenSignature)
    );
}

#[test]
fn several_keys_of_one_name_are_tried() {
    let client = Client::new();
    let token = client.token();
    let namesake = key().with_kid(client.issuer.kid()).public_jwk();
    let keys = set(&[namesake, client.issuer.public_jwk()]);
    assert_eq!(outcome(&client, &token, &keys), None);
}

/// A key that the token brings along counts for nothing (RFC 8725 §3.10).
#[test]
fn keys_come_from_the_issuer_alone() {
    let client = Client::new();
    let forger = key();
    let header = json!({
        "typ": "at+jwt", "alg": "ES256", "kid": client.issuer.kid(),
        "jwk": forger.public_jwk_members(), "jku": "https://evil.example.com/jwks",
    });
    let claims = client.claims().to_string();
    let token = forger
        .sign_compact(&header.to_string(), claims.as_bytes())
        .unwrap();
    let keys = set(&[client.issuer.public_jwk()]);
    assert_eq!(
        outcome(&client, &token, &keys),
        Some(Reason::TokenSignature)
    );
}

#[test]
fn the_header_must_be_that_of_an_access_token() {
    let client = Client::new();
    let keys = set(&[client.issuer.public_jwk()]);
    for (header, reason) in [
        (json!({ "typ": "JWT", "alg": "ES256" }), Reason::TokenType),
        (json!({ "alg": "ES256" }), Reason::TokenType),
        (
            json!({ "typ": "dpop+jwt", "alg": "ES256" }),
            Reason::TokenType,
        ),
        (
            json!({ "typ": "token-introspection+jwt", "alg": "ES256" }),
            Reason::TokenType,
        ),
        (json!({ "typ": 5, "alg": "ES256" }), Reason::TokenMalformed),
        (json!({ "typ": "at+jwt" }), Reason::TokenAlgorithm),
        (
            json!({ "typ": "at+jwt", "alg": "none" }),
            Reason::TokenAlgorithm,
        ),
        (
            json!({ "typ": "at+jwt", "alg": "es256" }),
            Reason::TokenAlgorithm,
        ),
        (
            json!({ "typ": "at+jwt", "alg": "RS256" }),
            Reason::TokenAlgorithm,
        ),
        (
            json!({ "typ": "at+jwt", "alg": "PS256" }),
            Reason::TokenSignature,
        ),
        (
            json!({ "typ": "at+jwt", "alg": "ES256", "kid": 1 }),
            Reason::TokenMalformed,
        ),
        (
            json!({ "typ": "at+jwt", "alg": "ES256", "crit": ["exp"] }),
            Reason::TokenMalformed,
        ),
        (
            json!({ "typ": "at+jwt", "alg": "ES256", "crit": [] }),
            Reason::TokenMalformed,
        ),
    ] {
        let claims = client.claims().to_string();
        let token = client
            .issuer
            .sign_compact(&header.to_string(), claims.as_bytes());
        assert_eq!(
            outcome(&client, &token.unwrap(), &keys),
            Some(reason),
            "{header}"
        );
    }
    for typ in ["AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        let token = client.issuer.sign_jwt(typ, &client.claims()).unwrap();
        assert_eq!(outcome(&client, &token, &keys), None, "{typ}");
    }
}

#[test]
fn a_key_set_opens_what_its_keys_have_signed() {
    let (ours, stranger) = (key(), key());
    let set = json!({ "keys": [ed25519().public_jwk(), ours.public_jwk()] });
    let set = KeySet::from_json(set.to_string().as_bytes()).unwrap();
    let open = |jws: &str| set.open(jws, "at+jwt", &fapi_crypto::PROVIDER);
    let sign = |key: &SigningKey, header: Value| {
        let payload = br#"{"sub":"alice"}"#;
        key.sign_compact(&header.to_string(), payload).unwrap()
    };

    let named = json!({ "typ": "application/at+JWT", "alg": "ES256", "kid": ours.kid() });
    for header in [named.clone(), json!({ "typ": "at+jwt", "alg": "ES256" })] {
        assert_eq!(open(&sign(&ours, header)).unwrap(), br#"{"sub":"alice"}"#);
    }
    let good = sign(&ours, named.clone());
    let (signed, _) = good.rsplit_once('.').unwrap();
    for wrong in [
        sign(&stranger, named),
        sign(&ours, json!({ "typ": "JWT", "alg": "ES256" })),
        sign(&ours, json!({ "alg": "ES256" })),
        sign(&ours, json!({ "typ": "at+jwt" })),
        sign(&ours, json!({ "typ": "at+jwt", "alg": "none" })),
        sign(&ours, json!({ "typ": "at+jwt", "alg": "EdDSA" })),
        sign(
            &ours,
            json!({ "typ": "at+jwt", "alg": "ES256", "kid": "x" }),
        ),
        sign(
            &ours,
            json!({ "typ": "at+jwt", "alg": "ES256", "crit": [] }),
        ),
        format!("{signed}."),
        signed.to_owned(),
        String::new(),
        "a.b.c".to_owned(),
    ] {
        assert!(open(&wrong).is_err(), "{wrong}");
    }
}
