//! What only the plan for message signing has.

use fapi_tests::suite::{ISSUER, Jwt, Party, Push, Variants};
use serde_json::json;

#[tokio::test]
async fn ensure_request_object_with_multiple_aud_succeeds() {
    Variants::signed()
        .each_first(async |party| {
            let request = party.request();
            let aud = json!(["https://other.example.com", ISSUER]);
            let push = party.push(&request).object(|jwt| jwt.claim("aud", aud));
            let pushed = push.done().await;
            let code = party.code_of(&request, &pushed).await;
            party.redeemed(&request, &code).await;
        })
        .await;
}

#[tokio::test]
async fn ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted() {
    Variants::signed()
        .each_first(async |party| {
            let push = party.push(&party.request());
            push.object(|jwt| jwt.moved(&["nbf"], 8)).done().await;
        })
        .await;
}

#[tokio::test]
async fn ensure_request_object_without_exp_fails() {
    object_fails(|_, jwt| jwt.claim("exp", ())).await;
}

#[tokio::test]
async fn ensure_request_object_without_nbf_fails() {
    object_fails(|_, jwt| jwt.claim("nbf", ())).await;
}

#[tokio::test]
async fn ensure_expired_request_object_fails() {
    object_fails(|_, jwt| jwt.moved(&["exp", "nbf"], -900)).await;
}

#[tokio::test]
async fn ensure_request_object_with_bad_aud_fails() {
    object_fails(|_, jwt| jwt.claim("aud", "https://other.example.com")).await;
}

#[tokio::test]
async fn ensure_request_object_with_exp_over_60_fails() {
    object_fails(|_, jwt| jwt.moved(&["exp"], 65 * 60)).await;
}

#[tokio::test]
async fn ensure_request_object_with_nbf_over_60_fails() {
    object_fails(|_, jwt| jwt.moved(&["nbf"], -70 * 60)).await;
}

#[tokio::test]
async fn ensure_signed_request_object_with_rs256_fails() {
    object_fails(|_, jwt| jwt.rs256()).await;
}

#[tokio::test]
async fn ensure_request_object_signature_algorithm_is_not_none() {
    object_fails(|_, jwt| jwt.unsigned()).await;
}

#[tokio::test]
async fn ensure_request_object_with_invalid_signature_fails() {
    object_fails(|_, jwt| jwt.corrupt()).await;
}

#[tokio::test]
async fn par_authorization_request_containing_request_uri() {
    let uri = "urn:ietf:params:oauth:request_uri:0123456789012345678901234567890123456789012";
    object_fails(|_, jwt| jwt.claim("request_uri", uri)).await;
}

#[tokio::test]
async fn ensure_matching_key_in_authorization_request() {
    Variants::signed()
        .each(async |run| {
            let [first, second] = run.both();
            let push = first.push(&first.request());
            let reply = push.object(|jwt| by(&second, jwt)).send().await;
            reply.error(&[400], &["invalid_request_object", "invalid_request"]);
        })
        .await;
}

fn by(other: &Party, jwt: Jwt) -> Jwt {
    jwt.signed_by(&other.key)
        .header("alg", other.key.algorithm().name())
        .header("kid", other.key.kid())
}

#[tokio::test]
async fn ensure_unsigned_request_at_par_endpoint_fails() {
    Variants::signed()
        .each_first(async |party| {
            let reply = party.push(&party.request()).without_object().send().await;
            reply.error(&[400], &["invalid_request"]);
        })
        .await;
}

/// Pushes a request object that has to be refused.
async fn object_fails(change: impl Fn(&Party, Jwt) -> Jwt) {
    Variants::signed()
        .each_first(async |party| {
            let push: Push<'_> = party.push(&party.request());
            let reply = push.object(|jwt| change(&party, jwt)).send().await;
            reply.error(&[400], &["invalid_request_object"]);
        })
        .await;
}
