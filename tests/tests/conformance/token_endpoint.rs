//! What the token endpoint refuses.

use fapi_tests::suite::{Jwt, Variants};

#[tokio::test]
async fn ensure_client_id_in_token_endpoint() {
    Variants::all()
        .each(async |run| {
            let [first, second] = run.both();
            let post = first.token_request().await;
            let post = if run.variant.authenticates_by_certificate() {
                post.field("client_id", &*second.id)
            } else {
                let id = second.id.clone();
                post.assertion(|jwt| jwt.claim("iss", &*id).claim("sub", &*id))
            };
            let reply = post.send().await;
            if reply.status == 400 {
                reply.error(&[400], &["invalid_client", "invalid_grant"]);
            } else {
                reply.error(&[401], &["invalid_client"]);
            }
        })
        .await;
}

#[tokio::test]
async fn ensure_holder_of_key_required_dpop() {
    Variants::all()
        .dpop()
        .each_first(async |party| {
            let reply = party.token_request().await.without_proof().send().await;
            let errors = ["invalid_request", "invalid_grant", "invalid_dpop_proof"];
            reply.error(&[400], &errors);
        })
        .await;
}

#[tokio::test]
async fn ensure_holder_of_key_required_mtls() {
    Variants::all()
        .mtls()
        .each_first(async |party| {
            let post = party.token_request().await.without_certificate();
            // A connection comes about: other clients need none there.
            let reply = post.send().await;
            let errors = ["invalid_client", "invalid_request", "invalid_grant"];
            reply.error(&[400, 401], &errors);
        })
        .await;
}

#[tokio::test]
async fn ensure_authorization_code_is_bound_to_client() {
    Variants::code_flow()
        .each(async |run| {
            let [first, second] = run.both();
            let request = first.request();
            let code = first.code(&request).await;
            let reply = second.redeem(&request, &code).send().await;
            reply.error(&[400], &["invalid_grant"]);
        })
        .await;
}

#[tokio::test]
async fn attempt_reuse_authorization_code_after_one_second() {
    Variants::code_flow()
        .each_first(async |party| {
            let completed = party.completes(party.request()).await;
            party.world.clock.advance(1);
            let reply = party
                .redeem(&completed.request, &completed.code)
                .send()
                .await;
            reply.error(&[400], &["invalid_grant"]);
            // RFC 6749 §4.1.2: what came of it is dead, too.
            party.world.clock.advance(1);
            party.access(&completed.tokens).fails(&[401]).await;
        })
        .await;
}

#[tokio::test]
async fn ensure_token_endpoint_fails_with_expired_auth_code() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request();
            let code = party.code(&request).await;
            party.world.clock.advance(62);
            let reply = party.redeem(&request, &code).send().await;
            reply.error(&[400], &["invalid_grant"]);
        })
        .await;
}

#[tokio::test]
async fn ensure_pkce_code_verifier_required() {
    Variants::code_flow()
        .each_first(async |party| {
            let post = party.token_request().await.without_field("code_verifier");
            post.send().await.error(&[400], &["invalid_grant"]);
        })
        .await;
}

#[tokio::test]
async fn incorrect_pkce_code_verifier_rejected() {
    Variants::code_flow()
        .each_first(async |party| {
            let post = party.token_request().await;
            let post = post.field("code_verifier", "0123456789".repeat(5));
            post.send().await.error(&[400], &["invalid_grant"]);
        })
        .await;
}

#[tokio::test]
async fn ensure_signed_client_assertion_with_rs256_fails() {
    Variants::all()
        .private_key_jwt()
        .each_first(async |party| {
            let post = party.token_request().await.assertion(Jwt::rs256);
            post.send().await.error(&[400, 401], &["invalid_client"]);
        })
        .await;
}

/// Nothing but the name of the client.
#[tokio::test]
async fn ensure_client_assertion_in_token_endpoint() {
    Variants::all()
        .private_key_jwt()
        .each_first(async |party| {
            let post = party.token_request().await.without_assertion();
            let reply = post.field("client_id", &*party.id).send().await;
            let expected: &[&str] = match reply.status {
                400 => &["invalid_client", "invalid_request"],
                _ => &["invalid_client"],
            };
            reply.error(&[400, 401], expected);
        })
        .await;
}

#[tokio::test]
async fn ensure_client_assertion_with_exp_is_5_minutes_in_past_fails() {
    assertion_fails(|assertion| assertion.moved(&["exp"], -360)).await;
}

#[tokio::test]
async fn ensure_client_assertion_with_wrong_aud_fails() {
    assertion_fails(|assertion| assertion.claim("aud", "https://other.example.com")).await;
}

#[tokio::test]
async fn ensure_client_assertion_with_no_sub_fails() {
    assertion_fails(|assertion| assertion.claim("sub", ())).await;
}

async fn assertion_fails(change: impl Fn(Jwt) -> Jwt) {
    Variants::all()
        .private_key_jwt()
        .each_first(async |party| {
            let post = party.token_request().await.assertion(&change);
            let reply = post.send().await;
            let expected: &[&str] = match reply.status {
                400 => &["invalid_client", "invalid_request"],
                _ => &["invalid_client"],
            };
            reply.error(&[400, 401], expected);
        })
        .await;
}
