//! Requests that get a token, and what the token says.

use std::sync::Arc;

use fapi_core::config::Config;
use fapi_core::dpop::{NonceKeys, ReplayWindow};
use fapi_core::jose::Algorithm;
use fapi_core::token::Confirmation;
use fapi_core::{
    Access, Facts, FieldLines, KeySet, KnownKeys, Policy, PresentedRequest, ReplayAnswer,
    RequestKind, Step, UnixTime, Verdict, Verifier,
};
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Grant, Issuer, MintError};
use serde_json::{Value, json};

use crate::harness::{API, ISSUER, START, Server, jwks, key, part, unique};

struct OneIssuer(Arc<KeySet>);

impl KnownKeys for OneIssuer {
    fn key_set(&self, _issuer: &str) -> Option<Arc<KeySet>> {
        Some(Arc::clone(&self.0))
    }
}

/// What a resource server of this workspace says about a token that the holder of `holder` presents.
fn present(issuer: &Issuer, token: &str, holder: &SigningKey) -> Access {
    let now = UnixTime::from_secs(START);
    let jwks = issuer.jwks().to_string();
    let keys = OneIssuer(Arc::new(KeySet::from_json(jwks.as_bytes()).unwrap()));
    let config = Config::builder(API).issuer(ISSUER).build().unwrap();
    let nonces = NonceKeys::new(&[1; 32], []).unwrap();
    let verifier = Verifier::new(
        Policy::new(&config).unwrap(),
        &fapi_crypto::PROVIDER,
        nonces,
    );
    let mut window = ReplayWindow::new(8, fapi_core::dpop::Epoch::new(1, now), [0; 16]);
    let header = json!({ "typ": "dpop+jwt", "alg": holder.algorithm().name(), "jwk": holder.public_jwk_members() });
    let claims = json!({
        "jti": unique(), "htm": "GET", "htu": format!("{API}/accounts"), "iat": START, "ath": sha256(token),
    });
    let proof = holder
        .sign_compact(&header.to_string(), claims.to_string().as_bytes())
        .unwrap();
    let authorization = format!("DPoP {token}");
    let request = PresentedRequest {
        method: "GET",
        authority: None,
        path: "/accounts",
        query: None,
        authorization: FieldLines::One(authorization.as_bytes()),
        dpop: FieldLines::One(proof.as_bytes()),
        client_certificate: None,
        kind: RequestKind::Ordinary,
    };
    let facts = Facts {
        keys: &keys,
        epoch: Some(window.epoch()),
    };
    let Step::NeedReplayCheck(need) = verifier.begin(&request, &facts, now) else {
        panic!("refused");
    };
    let query = need.query();
    let outcome = window.insert(query.key, query.expires, now).into();
    let answer = ReplayAnswer {
        outcome,
        epoch: window.epoch(),
    };
    match need.resume(Ok(answer), now) {
        Verdict::Accepted(accepted) => accepted.access,
        other => panic!("not accepted: {other:?}"),
    }
}

fn sha256(text: &str) -> String {
    let digest = (fapi_crypto::PROVIDER.key_utils.compute_digest)(
        text.as_bytes(),
        jsonwebtoken::jwk::ThumbprintHash::SHA256,
    );
    base64url(&digest.unwrap())
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn every_algorithm_serves_clients_and_proofs() {
    for client_algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let server = Server::start_with(client_algorithm, |builder| builder).await;
        for proof_algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
            let holder = key(proof_algorithm);
            let answer = server.ask(json!({}), &[&server.proof(&holder)]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.headers["content-type"], "application/json");
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert!(answer.nonces().is_empty());
            let body = answer.body.as_object().unwrap();
            assert_eq!(body["token_type"], "DPoP");
            assert_eq!(body["expires_in"], 300);
            assert_eq!(body["scope"], "accounts payments");
            // No refresh token and no ID token.
            assert_eq!(body.len(), 4);

            let token = body["access_token"].as_str().unwrap();
            let header = part(token, 0);
            assert_eq!(header["typ"], "at+jwt");
            assert_eq!(header["kid"], server.issuer.jwks()["keys"][0]["kid"]);
            let mut claims = part(token, 1);
            let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
            assert_eq!(jti.as_str().unwrap().len(), 22);
            assert_eq!(
                claims,
                json!({
                    "iss": ISSUER, "aud": API, "sub": "client", "client_id": "client",
                    "iat": START, "exp": START + 300, "scope": "accounts payments",
                    "cnf": { "jkt": holder.thumbprint().to_string() },
                })
            );
            let access = present(&server.issuer, token, &holder);
            assert_eq!(access.client_id(), Some("client"));
        }
    }
}

#[tokio::test]
async fn every_signing_algorithm_is_understood() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let server = Server::start_with(Algorithm::Es256, |builder| {
            builder
                .signing_key(key(algorithm))
                .signing_key(key(Algorithm::Es256))
        })
        .await;
        let holder = key(Algorithm::Es256);
        let answer = server.ask(json!({}), &[&server.proof(&holder)]).await;
        let token = answer.body["access_token"].as_str().unwrap();
        assert_eq!(part(token, 0)["alg"], algorithm.name());
        present(&server.issuer, token, &holder);
    }
}

#[tokio::test]
async fn scope_and_resource_narrow_the_token() {
    let other_key = key(Algorithm::EdDsa);
    let server = Server::start_with(Algorithm::Es256, |builder| {
        builder.client(
            Client::new("other", jwks(&[&other_key]))
                .audience("https://one.example.com")
                .audience("https://two.example.com"),
        )
    })
    .await;
    let holder = key(Algorithm::Es256);
    let answer = server
        .ask(
            json!({ "scope": "payments", "resource": API, "client_id": "client" }),
            &[&server.proof(&holder)],
        )
        .await;
    assert_eq!(answer.body["scope"], "payments");
    let claims = part(answer.body["access_token"].as_str().unwrap(), 1);
    assert_eq!(
        (&claims["scope"], &claims["aud"]),
        (&json!("payments"), &json!(API))
    );

    let other = server.with_client_key(other_key);
    for (resource, audience) in [
        (Value::Null, "https://one.example.com"),
        (json!("https://two.example.com"), "https://two.example.com"),
    ] {
        let assertion = other.assertion_with(&json!({ "iss": "other", "sub": "other" }));
        let fields = json!({ "client_assertion": assertion, "resource": resource });
        let answer = other.ask(fields, &[&other.proof(&holder)]).await;
        let claims = part(answer.body["access_token"].as_str().unwrap(), 1);
        assert_eq!(claims["aud"], audience);
        // Registered for no scope: neither the token nor the response has one.
        assert_eq!(
            (&claims["scope"], &answer.body["scope"]),
            (&Value::Null, &Value::Null)
        );
    }
}

// S02, S12, S25 and the suite's proof variants.
#[tokio::test]
async fn what_a_client_may_do() {
    let server = Server::start().await;
    let holder = key(Algorithm::Ps256);
    // Proofs from before the start would be answered with `use_dpop_nonce`.
    server.clock.advance(10);
    let now = server.clock.now();
    for changes in [
        json!({ "ath": "anything" }),
        json!({ "nbf": now, "exp": now + 300 }),
        json!({ "iat": now - 10 }),
        json!({ "iat": now + 8 }),
        json!({ "htu": "HTTPS://AS.example.com:443/token?x#y" }),
        json!({ "nonce": "nobody-asked" }),
    ] {
        let proof = server.proof_with(&holder, &changes);
        let answer = server.ask(json!({}), &[&proof]).await;
        assert_eq!(answer.status, 200, "{changes}: {answer:?}");
    }
    for changes in [
        json!({ "iat": now + 8, "nbf": now + 8 }),
        json!({ "iat": null, "nbf": null }),
        json!({ "exp": now + 600 }),
    ] {
        let fields = json!({ "client_assertion": server.assertion_with(&changes) });
        let answer = server.ask(fields, &[&server.proof(&holder)]).await;
        assert_eq!(answer.status, 200, "{changes}: {answer:?}");
    }
    for header in [
        json!({ "alg": "ES256" }),
        json!({ "alg": "ES256", "typ": "client-authentication+jwt" }),
    ] {
        let assertion = server.assertion_headed(&header, &json!({}));
        let fields = json!({ "client_assertion": assertion });
        let answer = server.ask(fields, &[&server.proof(&holder)]).await;
        assert_eq!(answer.status, 200, "{header}: {answer:?}");
    }
}

#[tokio::test]
async fn without_http_a_grant_becomes_a_token_too() {
    let server = Server::start().await;
    let holder = key(Algorithm::EdDsa);
    let grant = Grant::new("client", API, Confirmation::Key(holder.thumbprint()))
        .subject("alice")
        .claim("acr", "urn:example:loa:3");
    let token = server.issuer.mint(&grant).await.unwrap();
    assert_eq!(token.expires_in_seconds(), 300);
    assert_eq!(part(token.as_str(), 1)["acr"], "urn:example:loa:3");
    assert!(!format!("{token:?}").contains(token.as_str()));
    let access = present(&server.issuer, token.as_str(), &holder);
    assert_eq!(access.subject(), Some("alice"));

    let grant = grant.claim("cnf", json!({}));
    assert!(matches!(
        server.issuer.mint(&grant).await,
        Err(MintError::ReservedClaim(name)) if name == "cnf"
    ));
}
