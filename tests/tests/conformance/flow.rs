//! Flows that succeed, or that the user ends.

use fapi_tests::suite::document::DETAIL_TYPE;
use fapi_tests::suite::{
    Access, Decision, Duplicates, Number, Party, Profile, RESOURCE, Tokens, Variants,
};
use serde_json::{Map, Value, json};

#[tokio::test]
async fn happy_flow() {
    Variants::all()
        .each(async |run| {
            let [first, second] = run.both();
            let tokens = [happy_tokens(&first).await, happy_tokens(&second).await];
            for (party, tokens) in [&first, &second].into_iter().zip(&tokens) {
                party.access(tokens).succeeds().await;
                let access = || party.access(tokens);
                access()
                    .header("x-fapi-customer-ip-address", "2001:db8::1893:25c8:1946")
                    .succeeds()
                    .await;
                access()
                    .header("accept", "application/json;charset=UTF-8")
                    .header("accept-charset", "UTF-8")
                    .succeeds()
                    .await;
                let accept = "application/json, application/*+json, */*";
                access().header("accept", accept).succeeds().await;
                // RFC 6750 §2.3, which FAPI 2.0 forbids.
                let url = format!("{RESOURCE}/accounts?access_token={}", tokens.access_token);
                access()
                    .url(&url)
                    .without_authorization()
                    .fails(&[400, 401, 414])
                    .await;
            }
            // The first client's key or certificate, and the second client's token.
            let stolen: Access<'_> = first.access(&tokens[1]);
            stolen.fails(&[400, 401]).await;
        })
        .await;
}

/// The second client names the key of its proofs, without a proof.
async fn happy_tokens(party: &Party) -> Tokens {
    if party.variant.profile == Profile::ClientCredentials {
        return party.tokens().await;
    }
    let mut request = party.request();
    if party.variant.is_dpop() && party.number == Number::Second {
        let thumbprint = party.dpop_key.thumbprint().to_string();
        request = request.set("dpop_jkt", thumbprint);
    }
    let completed = party.completes(request.clone()).await;
    if party.variant.is_openid() {
        let claims = party.id_token(&completed.tokens, &request);
        let unasked = claims
            .keys()
            .find(|name| !EXPECTED_CLAIMS.contains(&name.as_str()));
        assert_eq!(unasked, None, "{claims:?}");
    }
    completed.tokens
}

/// Of ID tokens, where no claims were asked for.
const EXPECTED_CLAIMS: [&str; 13] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
];

#[tokio::test]
async fn user_rejects_authentication() {
    Variants::code_flow()
        .each(async |run| {
            for party in run.both() {
                let request = party.request();
                let pushed = party.push(&request).done().await;
                let url = party.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
                let landing = party.visit(&url, Decision::Deny).await;
                party.answer(&landing, &request).error(&["access_denied"]);
            }
        })
        .await;
}

#[tokio::test]
async fn ensure_authorization_request_without_state_success() {
    Variants::code_flow()
        .each(async |run| {
            for party in run.both() {
                party.completes(party.request().without("state")).await;
            }
        })
        .await;
}

#[tokio::test]
async fn ensure_authorization_request_without_nonce_success() {
    Variants::openid()
        .each_first(async |party| {
            party.completes(party.request().without("nonce")).await;
        })
        .await;
}

#[tokio::test]
async fn ensure_authorization_request_with_64_char_nonce_success() {
    Variants::openid()
        .each_first(async |party| {
            party
                .completes(party.request().set("nonce", "0123456789abcdef".repeat(4)))
                .await;
        })
        .await;
}

#[tokio::test]
async fn ensure_other_scope_order_succeeds() {
    Variants::openid()
        .each_first(async |party| {
            let reversed: Vec<_> = party.scope.split(' ').rev().collect();
            party
                .completes(party.request().set("scope", reversed.join(" ")))
                .await;
        })
        .await;
}

#[tokio::test]
async fn test_claims_parameter_identity_claims() {
    Variants::openid()
        .each(async |run| {
            assert_eq!(run.world.metadata["claims_parameter_supported"], true);
            let supported = run.world.metadata["claims_supported"].as_array().unwrap();
            let party = run.first();
            let forms = [
                ("name", Value::Null),
                ("given_name", json!({ "essential": true })),
                ("family_name", json!({ "value": "Example" })),
                (
                    "email",
                    json!({ "values": ["alice@example.com", "other@example.com"] }),
                ),
                ("birthdate", json!({ "essential": false, "unknown": [1] })),
                ("https://example.com/unknown", Value::Null),
            ];
            let asked: Map<_, _> = forms
                .iter()
                .map(|(name, form)| ((*name).to_owned(), form.clone()))
                .collect();
            let claims = json!({ "id_token": asked, "userinfo": asked, "unknown": 1 });
            let request = party
                .request()
                .set("claims", claims)
                .set("scope", "openid accounts");
            let completed = party.completes(request.clone()).await;
            let in_id_token = party.id_token(&completed.tokens, &request);
            let userinfo = party.userinfo(&completed.tokens).await.success(200);
            assert_eq!(userinfo["sub"], in_id_token["sub"]);
            for (name, value) in [
                ("name", "Alice Example"),
                ("given_name", "Alice"),
                ("family_name", "Example"),
                ("email", "alice@example.com"),
                ("birthdate", "1970-01-01"),
            ] {
                assert!(supported.contains(&name.into()), "{name}");
                assert_eq!(in_id_token[name], value);
                assert_eq!(userinfo[name], value);
            }
        })
        .await;
}

/// Every flow may be about authorization details instead of scope values; then the token response has to name them (RFC 9396
/// §7).
#[tokio::test]
async fn authorization_details_are_granted() {
    Variants::code_flow()
        .each_first(async |party| {
            let details = json!([{
                "type": DETAIL_TYPE,
                "actions": ["initiate"],
                "instructedAmount": { "currency": "EUR", "amount": "123.50" },
            }]);
            let request = party
                .request()
                .set("authorization_details", details.clone());
            let completed = party.completes(request).await;
            assert_eq!(completed.tokens.authorization_details, Some(details));
        })
        .await;
}

#[tokio::test]
async fn par_without_duplicate_parameters() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request();
            let pushed = party.push(&request).done().await;
            let url = party.authorization_url(&request, &pushed.request_uri, Duplicates::None);
            party.finishes(request, url).await;
        })
        .await;
}

#[tokio::test]
async fn par_ensure_reused_request_uri_prior_to_auth_completion_succeeds() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request();
            let pushed = party.push(&request).done().await;
            let url = party.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
            party.open(&url).await.login_page();
            party.finishes(request, url).await;
        })
        .await;
}

/// Of the two outcomes that are right, the server has chosen this one.
#[tokio::test]
async fn plain_fapi_tolerate_unregistered_redirect_uri() {
    Variants::code_flow()
        .each_first(async |party| {
            let unregistered = format!("{}/2zX5vT", party.redirect_uri);
            let request = party.request().set("redirect_uri", unregistered);
            let reply = party.push(&request).send().await;
            reply.error(&[400], &["invalid_request", "invalid_request_object"]);
        })
        .await;
}

/// An access token says what it is in the `Authorization` header whatever its case (RFC 9110 §11.1).
#[tokio::test]
async fn access_token_type_header_case_sensitivity() {
    Variants::all()
        .each_first(async |party| {
            let tokens = party.tokens().await;
            let scheme = if party.variant.is_dpop() {
                "dpOp"
            } else {
                "bEARER"
            };
            party.access(&tokens).scheme(scheme).succeeds().await;
        })
        .await;
}
