//! Reference tokens (RFC 7662): asked about once the sender has signed for them, and judged like a JWT.

mod support;

use std::sync::Arc;

use fapi_core::config::{
    ClientAuth, Config, IntrospectionConfig, IssuerConfig, Revocation, TlsClientAuth, TokenFormat,
};
use fapi_core::{Denial, IntrospectionResponse, NeedIntrospection, Reason, Unavailable, Verifier};
use serde_json::{Value, json};
use support::*;

const TOKEN: &str = "reference-token-1";

fn opaque(format: TokenFormat) -> Arc<Verifier> {
    verifier(Config::builder(RS).issuer(issuer(format, endpoint())))
}

/// An endpoint that answers with unsigned JSON.
fn endpoint() -> IntrospectionConfig {
    let mut endpoint = IntrospectionConfig::new(
        "https://as.example.com/introspect",
        "rs",
        ClientAuth::TlsClientAuth(TlsClientAuth::default()),
    );
    endpoint.signed_response = false;
    endpoint
}

fn issuer(format: TokenFormat, endpoint: IntrospectionConfig) -> IssuerConfig {
    IssuerConfig::new(AS)
        .token_format(format)
        .introspection(endpoint)
}

fn waiting(client: &Client) -> NeedIntrospection {
    let proof = client.proof(TOKEN);
    introspection_wanted(client.send(&opaque(TokenFormat::Opaque), TOKEN, &proof, NOW))
}

fn denied_for(changes: Value) -> Denial {
    let client = Client::new();
    denied(waiting(&client).resume(
        Ok(IntrospectionResponse::Json(&client.introspection(changes))),
        NOW,
    ))
}

#[test]
fn an_active_token_is_accepted() {
    let client = Client::new();
    let need = waiting(&client);
    assert_eq!((need.query().issuer, need.query().token), (AS, TOKEN));
    assert!(!format!("{need:?} {:?}", need.query()).contains(TOKEN));
    let access = fresh(
        need.resume(
            Ok(IntrospectionResponse::Json(
                &client.introspection(json!({})),
            )),
            NOW,
        ),
        NOW,
    );
    assert_eq!(
        (access.subject(), access.client_id()),
        (Some("alice"), Some("app"))
    );
    // RFC 7662 §2.2: these may be left out.
    let sparse = json!({ "iss": null, "aud": null, "sub": null, "client_id": null, "jti": null });
    let sparse = client.introspection(sparse);
    let access = fresh(
        waiting(&client).resume(Ok(IntrospectionResponse::Json(&sparse)), NOW),
        NOW,
    );
    assert_eq!(
        (access.subject(), access.client_id(), access.issuer()),
        (None, None, AS)
    );
}

#[test]
fn what_the_issuer_does_not_vouch_for_is_refused() {
    for (changes, reason) in [
        (json!({ "active": false }), Reason::TokenInactive),
        (json!({ "active": null }), Reason::TokenInactive),
        (json!({ "active": "true" }), Reason::TokenInactive),
        (json!({ "active": 1 }), Reason::TokenInactive),
        (json!({ "active": [true] }), Reason::TokenInactive),
        (
            json!({ "active": { "active": true } }),
            Reason::TokenInactive,
        ),
        (
            json!({ "iss": "https://evil.example.com" }),
            Reason::TokenIssuer,
        ),
        (
            json!({ "aud": "https://other.example.com" }),
            Reason::TokenAudience,
        ),
        (json!({ "aud": [] }), Reason::TokenAudience),
        (json!({ "exp": null }), Reason::TokenMissingClaim),
        (json!({ "exp": NOW.as_secs() }), Reason::TokenExpired),
        (
            json!({ "nbf": NOW.as_secs() + 11 }),
            Reason::TokenNotYetValid,
        ),
        (json!({ "cnf": null }), Reason::TokenNotBound),
        (
            json!({ "cnf": { "jkt": "A".repeat(43) } }),
            Reason::BindingOtherKey,
        ),
        (
            json!({ "cnf": { "x5t#S256": "A".repeat(43) } }),
            Reason::BindingNoCertificate,
        ),
    ] {
        assert_eq!(denied_for(changes.clone()).reason(), reason, "{changes}");
    }
}

#[test]
fn what_is_no_answer_is_the_issuers_fault() {
    let client = Client::new();
    for body in [
        "",
        "<html>",
        "null",
        "[]",
        "true",
        "{\"active\":true,\"active\":false}",
        "{\"active\":true,\"exp\":\"1\"}",
        "{\"active\":true,\"cnf\":1}",
        "{\"active\":true} x",
    ] {
        let denial = denied(waiting(&client).resume(Ok(IntrospectionResponse::Json(body)), NOW));
        assert_eq!(denial.reason(), Reason::IntrospectionUnavailable, "{body}");
    }
    let denial = denied(waiting(&client).resume(Err(Unavailable::retry_after_seconds(3)), NOW));
    assert_eq!(denial.reason(), Reason::IntrospectionUnavailable);
}

#[test]
fn what_ends_while_the_issuer_answers_has_ended() {
    let client = Client::new();
    let answer = client.introspection(json!({ "exp": NOW.as_secs() + 90 }));
    let denial =
        denied(waiting(&client).resume(Ok(IntrospectionResponse::Json(&answer)), NOW.plus(90)));
    assert_eq!(denial.reason(), Reason::TokenExpired);
    let denial =
        denied(waiting(&client).resume(Ok(IntrospectionResponse::Json(&answer)), NOW.plus(61)));
    assert_eq!(denial.reason(), Reason::ProofTooOld);
}

#[test]
fn nobody_is_asked_before_the_sender_has_signed() {
    let client = Client::new();
    let proof = client.proof(TOKEN);
    let unsigned = format!("{}.{}", proof.rsplit_once('.').unwrap().0, "A".repeat(86));
    let step = client.send(&opaque(TokenFormat::Opaque), TOKEN, &unsigned, NOW);
    assert_eq!(denied(step).reason(), Reason::ProofSignature);
}

#[test]
fn a_jwt_is_never_asked_about() {
    let client = Client::new();
    let verifier = opaque(TokenFormat::Any);
    let stranger = Client {
        issuer: key().with_kid(client.issuer.kid()),
        ..Client::new()
    };
    let foreign = client.token_with(json!({ "iss": "https://evil.example.com" }));
    for (token, reason) in [
        (stranger.token(), Reason::TokenSignature),
        (foreign, Reason::TokenIssuer),
    ] {
        let denial = denied(client.send(&verifier, &token, &client.proof(&token), NOW));
        assert_eq!(denial.reason(), reason);
    }
    // Where JWTs alone are known, a reference token is none.
    let step = client.send(
        &support::verifier(config()),
        TOKEN,
        &client.proof(TOKEN),
        NOW,
    );
    assert_eq!(denied(step).reason(), Reason::TokenNotJwt);
}

/// A server that asks about JWTs too, to learn of revocation.
fn asking_about_jwts(signed: Signed) -> Arc<Verifier> {
    let mut endpoint = endpoint();
    endpoint.signed_response = signed == Signed::Required;
    let issuer = IssuerConfig::new(AS)
        .revocation(Revocation::Introspect)
        .introspection(endpoint);
    verifier(Config::builder(RS).issuer(issuer))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Signed {
    Optional,
    Required,
}

#[test]
fn a_revoked_jwt_is_refused_although_it_is_remembered() {
    let client = Client::new();
    let token = client.token();
    let verifier = asking_about_jwts(Signed::Optional);
    let ask = || introspection_wanted(client.send(&verifier, &token, &client.proof(&token), NOW));
    let said = |changes| client.introspection(changes);
    let active = said(json!({}));
    // The second time the token is remembered, and asked about all the same.
    for _ in 0..2 {
        assert_eq!(ask().query().token, token);
        fresh(
            ask().resume(Ok(IntrospectionResponse::Json(&active)), NOW),
            NOW,
        );
    }
    for (changes, reason) in [
        (json!({ "active": false }), Reason::TokenInactive),
        (json!({ "sub": "mallory" }), Reason::TokenInactive),
        (json!({ "client_id": "other" }), Reason::TokenInactive),
        (json!({ "exp": NOW.as_secs() }), Reason::TokenExpired),
        (
            json!({ "iss": "https://evil.example.com" }),
            Reason::TokenIssuer,
        ),
        (
            json!({ "aud": "https://other.example.com" }),
            Reason::TokenAudience,
        ),
        (
            json!({ "cnf": { "jkt": "A".repeat(43) } }),
            Reason::BindingOtherKey,
        ),
    ] {
        let body = said(changes.clone());
        let denial = denied(ask().resume(Ok(IntrospectionResponse::Json(&body)), NOW));
        assert_eq!(denial.reason(), reason, "{changes}");
    }
    // RFC 7662 §2.2: an answer need not say more than that it is active.
    fresh(
        ask().resume(Ok(IntrospectionResponse::Json("{\"active\":true}")), NOW),
        NOW,
    );
}

/// RFC 9701 §5; FAPI 2.0 Message Signing §5.5.2: where signed answers are asked for, a plain one is none.
#[test]
fn a_signed_answer_counts_and_a_plain_one_does_not() {
    let client = Client::new();
    let token = client.token();
    let verifier = asking_about_jwts(Signed::Required);
    let ask = || introspection_wanted(client.send(&verifier, &token, &client.proof(&token), NOW));
    let plain = client.introspection(json!({}));
    let envelope = json!({
        "iss": AS, "aud": "rs", "iat": NOW.as_secs(),
        "token_introspection": serde_json::from_str::<Value>(&plain).unwrap(),
    });
    let keys = key_set(&[&client.issuer]);
    let signed = client
        .issuer
        .sign_jwt("token-introspection+jwt", &envelope)
        .unwrap();
    let response = IntrospectionResponse::Jwt {
        text: &signed,
        keys: &keys,
    };
    fresh(ask().resume(Ok(response), NOW), NOW);

    let denial = denied(ask().resume(Ok(IntrospectionResponse::Json(&plain)), NOW));
    assert_eq!(denial.reason(), Reason::IntrospectionUnavailable);
    let forged = key()
        .sign_jwt("token-introspection+jwt", &envelope)
        .unwrap();
    let as_token = client.issuer.sign_jwt("at+jwt", &envelope).unwrap();
    for text in [&forged, &as_token] {
        let response = IntrospectionResponse::Jwt { text, keys: &keys };
        let denial = denied(ask().resume(Ok(response), NOW));
        assert_eq!(denial.reason(), Reason::IntrospectionUnavailable);
    }
}
