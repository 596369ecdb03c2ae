//! What the authorization endpoint refuses.

use fapi_tests::suite::{Decision, Duplicates, Variants};

#[tokio::test]
async fn ensure_unsigned_authorization_request_without_using_par_fails() {
    Variants::code_flow()
        .each(async |run| {
            for party in run.both() {
                let request = party.request();
                let url = party.unpushed_authorization_url(&request);
                let landing = party.open(&url).await;
                party.answer(&landing, &request).error(&["invalid_request"]);
            }
        })
        .await;
}

#[tokio::test]
async fn par_attempt_reuse_request_uri() {
    Variants::code_flow()
        .each(async |run| {
            for party in run.both() {
                let completed = party.completes(party.request()).await;
                let landing = party.visit(&completed.url, Decision::Approve).await;
                let answer = party.plain_or_signed_answer(&landing, &completed.request);
                answer.error(&["invalid_request_uri"]);
            }
        })
        .await;
}

#[tokio::test]
async fn par_attempt_to_use_expired_request_uri() {
    Variants::code_flow()
        .each(async |run| {
            for party in run.both() {
                let request = party.request();
                let pushed = party.push(&request).done().await;
                run.world.clock.advance(pushed.expires_in);
                let url = party.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
                let landing = party.visit(&url, Decision::Approve).await;
                let answer = party.plain_or_signed_answer(&landing, &request);
                answer.error(&["invalid_request_uri"]);
            }
        })
        .await;
}

/// The error page: to redirect to one of the two would be to trust what the other one pushed.
#[tokio::test]
async fn par_attempt_to_use_request_uri_for_different_client() {
    Variants::code_flow()
        .each(async |run| {
            let [first, second] = run.both();
            let request = first.request();
            let pushed = first.push(&request).done().await;
            let foreign = second.request();
            let url = second.authorization_url(&foreign, &pushed.request_uri, Duplicates::Some);
            second.visit(&url, Decision::Approve).await.error_page();
            // And whose it is may still use it.
            let url = first.authorization_url(&request, &pushed.request_uri, Duplicates::Some);
            first.finishes(request, url).await;
        })
        .await;
}
