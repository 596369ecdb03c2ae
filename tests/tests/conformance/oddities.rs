//! State and nonce where or as long as they usually are not. Of the outcomes that are right, success is asked for.

use fapi_tests::suite::{Decision, Duplicates, Party, Variants};
use reqwest::Url;

#[tokio::test]
async fn ensure_different_nonce_inside_and_outside_request_object() {
    Variants::openid()
        .each_first(async |party| outside_is_ignored(&party, "nonce").await)
        .await;
}

#[tokio::test]
async fn ensure_different_state_inside_and_outside_request_object() {
    Variants::code_flow()
        .each_first(async |party| outside_is_ignored(&party, "state").await)
        .await;
}

/// What was pushed counts, whatever the authorization URL says.
async fn outside_is_ignored(party: &Party, name: &str) {
    let request = party.request();
    let pushed = party.push(&request).done().await;
    let mut url = party.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
    add(&mut url, name, "another-one");
    party.finishes(request, url).await;
}

#[tokio::test]
async fn state_only_outside_request_object_not_used() {
    Variants::code_flow()
        .each_first(async |party| {
            let request = party.request().without("state");
            let pushed = party.push(&request).done().await;
            let mut url = party.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
            add(&mut url, "state", "only-outside");
            party.finishes(request, url).await;
        })
        .await;
}

fn add(url: &mut Url, name: &str, value: &str) {
    url.query_pairs_mut().append_pair(name, value);
}

#[tokio::test]
async fn ensure_authorization_request_with_long_nonce() {
    Variants::openid()
        .each_first(async |party| {
            party
                .completes(party.request().set("nonce", "a0_Z".repeat(96)))
                .await;
        })
        .await;
}

#[tokio::test]
async fn ensure_authorization_request_with_long_state() {
    Variants::code_flow()
        .each_first(async |party| {
            let landing_request = party.request().set("state", "a0_Z".repeat(250));
            let pushed = party.push(&landing_request).done().await;
            let uri = &pushed.request_uri;
            let url = party.authorization_url(&landing_request, uri, Duplicates::Some);
            let landing = party.visit(&url, Decision::Approve).await;
            party.answer(&landing, &landing_request).code();
        })
        .await;
}
