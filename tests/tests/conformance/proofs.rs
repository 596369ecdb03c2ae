//! DPoP proofs that are good, at both servers.

use fapi_tests::suite::{AuthorizationRequest, Jwt, Nonces, Party, Profile, Variants};

#[tokio::test]
async fn check_dpop_proof_nbf_exp() {
    Variants::all()
        .dpop()
        .each_first(async |party| {
            let now = party.world.clock.now();
            let with_times = |proof: Jwt| {
                proof
                    .claim("nbf", now.as_secs())
                    .claim("exp", now.plus(300).as_secs())
            };
            let tokens = party.token_request().await.proof(with_times).tokens().await;
            party.access(&tokens).proof(with_times).succeeds().await;
        })
        .await;
}

#[tokio::test]
async fn ensure_dpopproof_with_iat_10seconds_before_succeeds() {
    proofs_made_at(-10).await;
}

#[tokio::test]
async fn ensure_dpopproof_with_iat_10seconds_after_succeeds() {
    proofs_made_at(8).await;
}

/// Proofs that are off by so many seconds are accepted at PAR, token and resource endpoints.
async fn proofs_made_at(offset: i64) {
    Variants::all()
        .dpop()
        .each_first(async |party| {
            let off = |proof: Jwt| proof.moved(&["iat"], offset);
            let tokens = if party.variant.profile == Profile::ClientCredentials {
                party.client_credentials().proof(off).tokens().await
            } else {
                let request = party.request();
                let push = party.push(&request);
                let pushed = push.with(|post| post.with_proof().proof(off)).done().await;
                let code = party.code_of(&request, &pushed).await;
                party.redeem(&request, &code).proof(off).tokens().await
            };
            party.access(&tokens).proof(off).succeeds().await;
        })
        .await;
}

#[tokio::test]
async fn ensure_dpopproof_at_par_endpoint_binding_success() {
    Variants::code_flow()
        .dpop()
        .each_first(async |party| {
            let request = party.request();
            let push = party.push(&request);
            let pushed = push.with(|post| post.with_proof()).done().await;
            let code = party.code_of(&request, &pushed).await;
            let tokens = party.redeemed(&request, &code).await;
            party.access(&tokens).succeeds().await;
        })
        .await;
}

#[tokio::test]
async fn ensure_dpop_auth_code_binding_success() {
    Variants::code_flow()
        .dpop()
        .each_first(async |party| {
            party.completes(bound(&party)).await;
        })
        .await;
}

/// A request that names the key of the proofs to come (RFC 9449 §10).
fn bound(party: &Party) -> AuthorizationRequest {
    let thumbprint = party.dpop_key.thumbprint().to_string();
    party.request().set("dpop_jkt", thumbprint)
}

#[tokio::test]
async fn ensure_mismatched_dpop_jkt_fails() {
    Variants::code_flow()
        .dpop()
        .each(async |run| {
            let party = run.first();
            let other = run.second().dpop_key.thumbprint().to_string();
            let request = party.request().set("dpop_jkt", other);
            let push = party.push(&request).with(|post| post.with_proof());
            let reply = push.send().await;
            reply.error(&[400], &["invalid_request", "invalid_dpop_proof"]);
        })
        .await;
}

/// The code is bound to a key by a proof at the PAR endpoint.
#[tokio::test]
async fn ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt() {
    Variants::code_flow()
        .dpop()
        .each(async |run| {
            let party = run.first();
            let request = party.request();
            let push = party.push(&request);
            let pushed = push.with(|post| post.with_proof()).done().await;
            let code = party.code_of(&request, &pushed).await;
            redeemed_with_another_key(&party, &run.second(), &request, &code).await;
        })
        .await;
}

/// The module makes a new key for each try, so that it never has a nonce that is good for one.
#[tokio::test]
async fn ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt_and_nonces() {
    Variants::code_flow()
        .dpop()
        .each_at(Nonces::Required, async |run| {
            let party = run.first();
            let request = party.request();
            let push = party.push(&request);
            let pushed = push.with(|post| post.with_proof()).done().await;
            let code = party.code_of(&request, &pushed).await;
            let another = party.redeem(&request, &code).with_proof_by(&run.second());
            let answer = another.send_once().await;
            answer.error(&[400], &["invalid_grant"]);
            party.redeem(&request, &code).tokens().await;
        })
        .await;
}

/// The code is bound to a key by `dpop_jkt`.
#[tokio::test]
async fn ensure_token_endpoint_fails_with_mismatched_dpop_jkt() {
    Variants::code_flow()
        .dpop()
        .each(async |run| {
            let party = run.first();
            let request = bound(&party);
            let code = party.code(&request).await;
            redeemed_with_another_key(&party, &run.second(), &request, &code).await;
        })
        .await;
}

async fn redeemed_with_another_key(
    party: &Party,
    other: &Party,
    request: &AuthorizationRequest,
    code: &str,
) {
    let redeem = party.redeem(request, code).with_proof_by(other);
    let errors = ["invalid_request", "invalid_grant", "invalid_dpop_proof"];
    redeem.send().await.error(&[400], &errors);
}
