//! The module `refresh-token`.

use fapi_tests::suite::{AuthorizationRequest, Nonces, Number, Party, Run, Tokens, Variants};
use tower_fapi::testing::{Algorithm, TestKey};

#[tokio::test]
async fn refresh_token() {
    Variants::code_flow().each(refreshes).await;
}

/// Whoever asks for a nonce gets the same assertion again.
#[tokio::test]
async fn refresh_token_with_nonces() {
    Variants::code_flow()
        .dpop()
        .each_at(Nonces::Required, refreshes)
        .await;
}

async fn refreshes(run: Run) {
    let supported = run.world.metadata["grant_types_supported"]
        .as_array()
        .unwrap();
    assert!(supported.contains(&"refresh_token".into()));
    let [first, second] = run.both();
    let mut refresh_tokens = Vec::new();
    for party in [first, second] {
        let request = offline(&party);
        let completed = party.completes(request.clone()).await;
        let refresh_token = completed
            .tokens
            .refresh_token
            .clone()
            .expect("a refresh token");
        run.world.clock.advance(5);
        let party = party.with_dpop_key(&TestKey::generate(Algorithm::Es256));
        let mut post = party.refresh(&refresh_token);
        if party.number == Number::First {
            post = post.field("scope", request.get("scope").unwrap());
        }
        let refreshed = post.tokens().await;
        party.access(&refreshed).succeeds().await;
        same_user(&party, &completed.tokens, &refreshed, &request);
        // It is not rotated; if it were, the old one would still have to work now.
        if let Some(new) = &refreshed.refresh_token {
            assert_eq!(*new, refresh_token);
        }
        run.world.clock.advance(30);
        party.refresh(&refresh_token).tokens().await;
        refresh_tokens.push((party, refresh_token));
    }
    let [(first, own), (_, foreign)] = &refresh_tokens[..] else {
        unreachable!("two clients");
    };
    let unauthenticated = if run.variant.authenticates_by_certificate() {
        first.refresh(own).without_certificate()
    } else {
        first.refresh(own).without_assertion()
    };
    let reply = unauthenticated.send().await;
    reply.error(
        &[400, 401],
        &["invalid_client", "invalid_grant", "invalid_request"],
    );
    if run.variant.is_dpop() {
        let reply = first.refresh(own).without_proof().send().await;
        reply.error(
            &[400],
            &["invalid_request", "invalid_grant", "invalid_dpop_proof"],
        );
    }
    let reply = first.refresh(foreign).send().await;
    reply.error(&[400], &["invalid_grant"]);
}

fn offline(party: &Party) -> AuthorizationRequest {
    let scope = format!("{} offline_access", party.scope);
    party.request().set("scope", scope).set("prompt", "consent")
}

/// OpenID Connect Core §12.2.
fn same_user(party: &Party, before: &Tokens, after: &Tokens, request: &AuthorizationRequest) {
    if after.id_token.is_none() {
        return;
    }
    let before = party.id_token(before, request);
    let after = party.any_id_token(after);
    for claim in ["iss", "sub", "aud", "auth_time", "azp"] {
        assert_eq!(before.get(claim), after.get(claim), "{claim}");
    }
    assert!(after["iat"].as_i64() > before["iat"].as_i64());
}
