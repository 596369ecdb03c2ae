//! What the PAR endpoint refuses, and two things that it does not.

use fapi_tests::suite::{AuthorizationRequest, Jwt, Party, Variants};
use reqwest::Method;
use serde_json::json;

/// Pushes a request that has to be refused.
async fn refused(party: &Party, request: &AuthorizationRequest, errors: &[&str]) {
    party.push(request).send().await.error(&[400], errors);
}

const WRONG_REQUEST: [&str; 2] = ["invalid_request", "invalid_request_object"];

#[tokio::test]
async fn ensure_request_object_without_redirect_uri_fails() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request().without("redirect_uri");
            refused(&party, &request, &WRONG_REQUEST).await;
        })
        .await;
}

/// RFC 6749 §3.1.2.3 leaves it out where the client has but one; FAPI 2.0 does not.
#[tokio::test]
async fn ensure_redirect_uri_in_authorization_request() {
    Variants::code_flow()
        .each(async |run| {
            let party = run.second();
            let request = party.request().without("redirect_uri");
            refused(&party, &request, &WRONG_REQUEST).await;
        })
        .await;
}

#[tokio::test]
async fn ensure_response_type_code_idtoken_fails() {
    response_type_fails("code id_token").await;
}

#[tokio::test]
async fn ensure_response_type_token_fails() {
    response_type_fails("token").await;
}

async fn response_type_fails(response_type: &str) {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request().set("response_type", response_type);
            let errors = [
                "unsupported_response_type",
                "invalid_request",
                "unauthorized_client",
            ];
            refused(&party, &request, &errors).await;
        })
        .await;
}

#[tokio::test]
async fn par_ensure_pkce_required() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request();
            let request = request
                .without("code_challenge")
                .without("code_challenge_method");
            refused(&party, &request, &["invalid_request"]).await;
        })
        .await;
}

#[tokio::test]
async fn par_plain_pkce_rejected() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request();
            for request in [
                request.clone().set("code_challenge_method", "plain"),
                // RFC 7636 §4.3: then it is `plain`.
                request.without("code_challenge_method"),
            ] {
                refused(&party, &request, &["invalid_request"]).await;
            }
        })
        .await;
}

#[tokio::test]
async fn par_authorization_request_containing_request_uri_form_param() {
    Variants::code_flow()
        .each_first(async |party| {
            let push = party.push(&party.request());
            let uri =
                "urn:ietf:params:oauth:request_uri:0123456789012345678901234567890123456789012";
            let push = push.with(|post| post.field("request_uri", uri));
            let errors = [
                "invalid_request",
                "invalid_request_object",
                "request_uri_not_supported",
            ];
            push.send().await.error(&[400], &errors);
        })
        .await;
}

#[tokio::test]
async fn par_attempt_invalid_http_method() {
    Variants::code_flow()
        .each_first(async |party| {
            let push = party.push(&party.request());
            let reply = push.with(|post| post.method(Method::PUT)).send().await;
            assert_eq!(reply.status, 405, "{reply:?}");
        })
        .await;
}

#[tokio::test]
async fn par_test_array_as_audience_fails() {
    audience_fails(|party| json!([party.world.endpoint("issuer")])).await;
}

#[tokio::test]
async fn par_test_par_endpoint_url_as_audience_fails() {
    audience_fails(|party| {
        party
            .world
            .endpoint("pushed_authorization_request_endpoint")
            .into()
    })
    .await;
}

#[tokio::test]
async fn par_test_token_endpoint_url_as_audience_fails() {
    audience_fails(|party| party.world.endpoint("token_endpoint").into()).await;
}

async fn audience_fails(audience: impl Fn(&Party) -> serde_json::Value) {
    assertion_fails(|party, assertion| assertion.claim("aud", audience(party))).await;
}

#[tokio::test]
async fn par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails() {
    assertion_fails(|_, assertion| assertion.moved(&["iat", "nbf", "exp"], 62)).await;
}

/// Pushes with an assertion that has to be refused.
async fn assertion_fails(change: impl Fn(&Party, Jwt) -> Jwt) {
    Variants::code_flow()
        .private_key_jwt()
        .each_first(async |party| {
            let push = party.push(&party.request());
            let push = push.with(|post| post.assertion(|jwt| change(&party, jwt)));
            let reply = push.send().await;
            reply.error(&[400, 401], &["invalid_request", "invalid_client"]);
        })
        .await;
}

#[tokio::test]
async fn par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted() {
    Variants::code_flow()
        .private_key_jwt()
        .each_first(async |party| {
            let push = party.push(&party.request());
            let push = push.with(|post| post.assertion(|jwt| jwt.moved(&["iat", "nbf"], 8)));
            push.done().await;
        })
        .await;
}
