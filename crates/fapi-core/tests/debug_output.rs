//! What must not appear in `Debug` output, which ends up in logs.

mod support;

use fapi_core::{FieldLines, PresentedRequest, RequestKind};
use serde_json::json;
use support::*;

/// A suspended request holds a token and a proof that nobody has used yet, and claims that may be personal data.
#[test]
fn steps_show_neither_token_nor_proof_nor_claims() {
    let client = Client::new();
    let token = client.token_with(json!({ "sub": "somebody", "email": "a@b" }));
    let proof = client.proof(&token);
    let jwt = verifier(config());
    let at_replay = client.send(&jwt, &token, &proof, NOW);
    let keys = AtHand(None);
    let at_keys = client.send_knowing(&jwt, &token, &proof, &keys, Some(EPOCH), NOW);
    for step in [at_replay, at_keys] {
        let shown = format!("{step:?}");
        let parts = token.split('.').chain(proof.split('.'));
        for part in parts.chain(["somebody", "a@b"]) {
            assert!(!shown.contains(part), "{part} in {shown}");
        }
    }
}

#[test]
fn requests_show_no_credentials() {
    let request = PresentedRequest {
        method: "GET",
        authority: None,
        path: "/accounts",
        query: Some("access_token=secret"),
        authorization: FieldLines::One(b"DPoP secret"),
        dpop: FieldLines::One(b"secret"),
        client_certificate: None,
        kind: RequestKind::Ordinary,
    };
    let shown = format!("{request:?}");
    let as_numbers = format!("{:?}", b"secret");
    for secret in ["secret", as_numbers.trim_matches(['[', ']'])] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("/accounts"), "{shown}");
}
