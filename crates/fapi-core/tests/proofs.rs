//! What is asked of a proof (RFC 9449 §4.3), one defect at a time.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod support;

use fapi_core::{Facts, FieldLines, PresentedRequest, Reason, RequestKind, Step};
use serde_json::{Value, json};
use support::*;

fn reason(client: &Client, token: &str, proof: &str) -> Option<Reason> {
    match client.send(&verifier(config()), token, proof, NOW) {
        Step::NeedReplayCheck(_) => None,
        step => Some(denied(step).reason()),
    }
}

fn with_claims(changes: Value) -> Option<Reason> {
    let client = Client::new();
    let token = client.token();
    reason(&client, &token, &client.proof_with(&token, changes))
}

fn with_header(client: &Client, changes: Value) -> Option<Reason> {
    let header = changed(client.proof_header(), changes).to_string();
    let token = client.token();
    let proof = client.proof(&token);
    let payload = proof.split('.').nth(1).unwrap();
    reason(client, &token, &signed(client, &header, payload))
}

/// A proof of this header and this payload, which is base64url already.
fn signed(client: &Client, header: &str, payload: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    client.key.sign_compact(header, &payload).unwrap()
}

#[test]
fn each_claim_is_checked() {
    let now = NOW.as_secs();
    for (claims, expected) in [
        (json!({ "jti": null }), Reason::ProofMalformed),
        (json!({ "jti": "" }), Reason::ProofMalformed),
        (json!({ "jti": 1 }), Reason::ProofMalformed),
        (json!({ "htm": null }), Reason::ProofMalformed),
        (json!({ "htm": "get" }), Reason::ProofMethod),
        (json!({ "htm": "GET " }), Reason::ProofMethod),
        (json!({ "htu": null }), Reason::ProofMalformed),
        (json!({ "htu": [RS] }), Reason::ProofMalformed),
        (json!({ "htu": "/accounts" }), Reason::ProofTarget),
        (
            json!({ "htu": "http://api.example.com/accounts" }),
            Reason::ProofTarget,
        ),
        (
            json!({ "htu": "https://api.example.com/Accounts" }),
            Reason::ProofTarget,
        ),
        (json!({ "iat": null }), Reason::ProofMalformed),
        (json!({ "iat": now.to_string() }), Reason::ProofMalformed),
        (json!({ "iat": true }), Reason::ProofMalformed),
        (json!({ "iat": u64::MAX }), Reason::ProofMalformed),
        (json!({ "iat": now * 1000 }), Reason::ProofFromFuture),
        (json!({ "iat": now + 11 }), Reason::ProofFromFuture),
        (json!({ "iat": now - 61 }), Reason::ProofTooOld),
        (json!({ "nbf": now + 11 }), Reason::ProofOutsideValidity),
        (json!({ "nbf": "x" }), Reason::ProofMalformed),
        (json!({ "exp": now }), Reason::ProofOutsideValidity),
        (
            json!({ "exp": (now + 9).to_string() }),
            Reason::ProofMalformed,
        ),
        (json!({ "nonce": "" }), Reason::ProofMalformed),
        (json!({ "nonce": 1 }), Reason::ProofMalformed),
        (json!({ "ath": null }), Reason::ProofTokenHash),
        (json!({ "ath": "" }), Reason::ProofTokenHash),
        (json!({ "ath": "A".repeat(43) }), Reason::ProofTokenHash),
        (json!({ "ath": ["x"] }), Reason::ProofMalformed),
    ] {
        assert_eq!(with_claims(claims.clone()), Some(expected), "{claims}");
    }
    for claims in [
        json!({ "iat": now + 10 }),
        json!({ "iat": now - 60 }),
        json!({ "iat": now as f64 + 0.9 }),
        json!({ "nbf": now + 10, "exp": now + 1 }),
        json!({ "nonce": "somebody else's" }),
        json!({ "htu": "HTTPS://api.example.com:443/accounts?a=b#c" }),
        json!({ "jti": "x".repeat(2000), "extra": { "a": [1, null] } }),
    ] {
        assert_eq!(with_claims(claims.clone()), None, "{claims}");
    }
}

#[test]
fn each_header_member_is_checked() {
    let client = Client::new();
    let private = changed(client.proof_header()["jwk"].clone(), json!({ "d": "AA" }));
    let other = key().public_jwk_members();
    for (header, expected) in [
        (json!({ "typ": null }), Reason::ProofType),
        (json!({ "typ": "JWT" }), Reason::ProofType),
        (json!({ "typ": "dpop+jwt;x=1" }), Reason::ProofType),
        (
            json!({ "typ": "application/x-dpop+jwt" }),
            Reason::ProofType,
        ),
        (json!({ "typ": 5 }), Reason::ProofMalformed),
        (json!({ "alg": null }), Reason::ProofAlgorithm),
        (json!({ "alg": "none" }), Reason::ProofAlgorithm),
        (json!({ "alg": "HS256" }), Reason::ProofAlgorithm),
        (json!({ "alg": "RS256" }), Reason::ProofAlgorithm),
        (json!({ "alg": ["ES256"] }), Reason::ProofMalformed),
        (json!({ "alg": "PS256" }), Reason::ProofKey),
        (json!({ "alg": "EdDSA" }), Reason::ProofKey),
        (json!({ "jwk": null }), Reason::ProofKey),
        (json!({ "jwk": {} }), Reason::ProofKey),
        (json!({ "jwk": "x" }), Reason::ProofMalformed),
        (json!({ "jwk": private }), Reason::ProofKey),
        (
            json!({ "jwk": { "kty": "oct", "k": "AA" } }),
            Reason::ProofKey,
        ),
        (json!({ "jwk": other }), Reason::BindingOtherKey),
        (json!({ "crit": ["exp"] }), Reason::ProofMalformed),
        (
            json!({ "crit": ["b64"], "b64": false }),
            Reason::ProofMalformed,
        ),
        (
            json!({ "jku": "https://evil.example.com" }),
            Reason::ProofMalformed,
        ),
        (json!({ "x5u": 1 }), Reason::ProofMalformed),
    ] {
        assert_eq!(
            with_header(&client, header.clone()),
            Some(expected),
            "{header}"
        );
    }
    for header in [
        json!({ "typ": "DPoP+JWT" }),
        json!({ "typ": "application/dpop+jwt" }),
        json!({ "kid": "../../dev/null", "x5c": ["AA"], "enc": "x", "p2c": 1_000_000_000 }),
    ] {
        assert_eq!(with_header(&client, header.clone()), None, "{header}");
    }
}

#[test]
fn the_form_is_checked() {
    let client = Client::new();
    let token = client.token();
    let good = client.proof(&token);
    let [header, payload, signature] =
        <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let null = signed(&client, &client.proof_header().to_string(), "bnVsbA");
    for proof in [
        "".to_owned(),
        "x".to_owned(),
        format!("\"{good}\""),
        format!("{good}.x"),
        format!("{good}..{signature}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{good}="),
        format!("{header}.{payload}.{signature} "),
        format!("{header}.{payload}\n.{signature}"),
        format!("{good}, {good}"),
        format!("{{\"payload\":\"{payload}\"}}"),
        ".".repeat(8192),
        null,
    ] {
        assert_eq!(
            reason(&client, &token, &proof),
            Some(Reason::ProofMalformed),
            "{proof}"
        );
    }
    let large = "a".repeat(8193);
    assert_eq!(reason(&client, &token, &large), Some(Reason::ProofTooLarge));
    for cut in [format!("{header}.{payload}.AAAA"), format!("{good}AAAA")] {
        assert_eq!(reason(&client, &token, &cut), Some(Reason::ProofSignature));
    }
}

#[test]
fn there_is_exactly_one_proof() {
    let client = Client::new();
    let authorization = format!("DPoP {}", client.token());
    for (dpop, expected) in [
        (FieldLines::Absent, Reason::ProofMissing),
        (FieldLines::Several, Reason::ProofSeveral),
        (FieldLines::One(b"\xff"), Reason::ProofMalformed),
    ] {
        let request = PresentedRequest {
            method: "GET",
            authority: None,
            path: "/accounts",
            query: None,
            authorization: FieldLines::One(authorization.as_bytes()),
            dpop,
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        let facts = Facts {
            keys: &AtHand(None),
            epoch: None,
        };
        let step = verifier(config()).begin(&request, &facts, NOW);
        assert_eq!(denied(step).reason(), expected);
    }
}

/// RFC 9449 §7.2: also with a good proof beside it.
#[test]
fn bearer_is_refused_and_no_credentials_are_no_error() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof(&token);
    let bearer = format!("Bearer {token}");
    for (authorization, expected) in [
        (
            FieldLines::One(bearer.as_bytes()),
            Reason::TokenBearerScheme,
        ),
        (FieldLines::Absent, Reason::NoCredentials),
        (FieldLines::One(b"Basic eA=="), Reason::NoCredentials),
    ] {
        let request = PresentedRequest {
            method: "GET",
            authority: None,
            path: "/accounts",
            query: None,
            authorization,
            dpop: FieldLines::One(proof.as_bytes()),
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        let facts = Facts {
            keys: &AtHand(Some(key_set(&[&client.issuer]))),
            epoch: None,
        };
        let step = verifier(config()).begin(&request, &facts, NOW);
        assert_eq!(denied(step).reason(), expected);
    }
}
