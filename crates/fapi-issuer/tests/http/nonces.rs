//! Nonces (RFC 9449 §8): asked for, renewed, and without using up the assertion.

use fapi_core::config::{DpopConfig, NonceConfig};
use fapi_core::jose::Algorithm;
use serde_json::json;

use crate::harness::{Server, key};

const USE_NONCE: (u16, &str) = (400, "use_dpop_nonce");

async fn with_nonces() -> Server {
    let mut dpop = DpopConfig::default();
    dpop.nonce = NonceConfig::required().lifetime_seconds(60);
    Server::start_with(Algorithm::Es256, |builder| builder.dpop(dpop)).await
}

// S04
#[tokio::test]
async fn the_same_assertion_is_good_for_the_retry() {
    let server = with_nonces().await;
    let holder = key(Algorithm::Es256);
    let fields = json!({ "client_assertion": server.assertion() });
    let mut nonce = String::new();
    for wrong in [json!({}), json!({ "nonce": "guessed" })] {
        let proof = server.proof_with(&holder, &wrong);
        let answer = server.ask(fields.clone(), &[&proof]).await;
        assert_eq!(answer.error(), USE_NONCE, "{answer:?}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let [fresh] = answer.nonces()[..] else {
            panic!("{answer:?}");
        };
        nonce = fresh.to_owned();
    }
    // With a nonce of ours the client's clock does not matter.
    let proof = server.proof_with(&holder, &json!({ "nonce": nonce, "iat": 1 }));
    let answer = server.ask(fields, &[&proof]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let [renewed] = answer.nonces()[..] else {
        panic!("{answer:?}");
    };
    let proof = server.proof_with(&holder, &json!({ "nonce": renewed }));
    let answer = server.ask(json!({}), &[&proof]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = server.ask(json!({}), &[&proof]).await;
    assert_eq!(answer.error(), (400, "invalid_dpop_proof"), "replayed");
}

#[tokio::test]
async fn a_nonce_is_for_one_key_and_for_a_while() {
    let server = with_nonces().await;
    let (holder, thief) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let answer = server.ask(json!({}), &[&server.proof(&holder)]).await;
    let nonce = answer.nonces()[0].to_owned();
    let stolen = server.proof_with(&thief, &json!({ "nonce": nonce }));
    assert_eq!(server.ask(json!({}), &[&stolen]).await.error(), USE_NONCE);
    server.clock.advance(61);
    let late = server.proof_with(&holder, &json!({ "nonce": nonce }));
    assert_eq!(server.ask(json!({}), &[&late]).await.error(), USE_NONCE);
}

#[tokio::test]
async fn proofs_from_before_the_start_need_a_nonce() {
    let server = Server::start().await;
    let holder = key(Algorithm::Es256);
    let fields = json!({ "client_assertion": server.assertion() });
    let before = json!({ "iat": server.clock.now() - 1 });
    let answer = server
        .ask(fields.clone(), &[&server.proof_with(&holder, &before)])
        .await;
    assert_eq!(answer.error(), USE_NONCE, "{answer:?}");
    let nonce = answer.nonces()[0].to_owned();
    let proof = server.proof_with(&holder, &json!({ "nonce": nonce }));
    let answer = server.ask(fields, &[&proof]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_client_that_is_not_known_gets_no_nonce() {
    let server = with_nonces().await;
    let holder = key(Algorithm::Es256);
    let fields = json!({ "client_assertion": "x" });
    let answer = server.ask(fields, &[&server.proof(&holder)]).await;
    assert_eq!(answer.error(), (401, "invalid_client"));
    assert!(answer.nonces().is_empty());
}

// S29
#[tokio::test]
async fn scripts_of_named_origins_may_read_nonces() {
    let mut dpop = DpopConfig::default();
    dpop.nonce = NonceConfig::required();
    let server = Server::start_with(Algorithm::Es256, |builder| {
        builder.dpop(dpop).cors_origin("https://app.example.com")
    })
    .await;
    for (path, origin, allowed) in [
        ("/token", "https://app.example.com", true),
        ("/par", "https://app.example.com", true),
        ("/token", "https://app.example.com.evil.example", false),
        ("/authorize", "https://app.example.com", false),
        ("/login", "https://app.example.com", false),
    ] {
        let answer = server.post_to(path, "", &[("origin", origin)]).await;
        let header = |name: &str| Some(answer.headers.get(name)?.to_str().unwrap());
        assert_eq!(
            header("access-control-allow-origin"),
            allowed.then_some(origin),
            "{path} {origin}"
        );
        let exposed = header("access-control-expose-headers").unwrap_or_default();
        assert_eq!(
            exposed.contains("dpop-nonce"),
            allowed || path == "/token",
            "{path}"
        );
        assert_eq!(header("access-control-allow-credentials"), None);
    }
}
