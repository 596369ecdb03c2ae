//! FAPI 2.0 Message Signing: request objects, JARM and signed introspection responses.

use fapi_tests::suite::Decision;
use fapi_tests::suite::document::DETAIL_TYPE;
use serde_json::json;

use crate::relying_party::Request;
use crate::setting::{API, As, CALLBACK, EMAIL, SUBJECT, Setting, everything};

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_answers_are_signed() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Signer).await;
    let callback = setting
        .decide(&mut party, Request::Signed, Decision::Approve)
        .await;

    // JARM §4.3: all in one parameter. The library verifies it.
    let names: Vec<_> = callback
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["response"]);
    let tokens = party.redeem(&callback).await.unwrap();
    assert_eq!(tokens["claims"]["sub"], SUBJECT);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_signed_too() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Signer).await;
    let callback = setting
        .decide(&mut party, Request::Signed, Decision::Deny)
        .await;

    let refused = party.redeem(&callback).await.unwrap_err();
    assert_eq!(refused.0["error"], "access_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_to_sign_does() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Signer).await;
    let refused = party
        .authorize(Request::Plain, everything())
        .await
        .unwrap_err();

    assert_eq!(
        (&refused.0["error"], &refused.0["status"]),
        (&json!("invalid_request"), &json!(400))
    );
}

/// Whoever need not sign may.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_may_have_a_plain_answer() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let callback = setting
        .decide(&mut party, Request::Signed, Decision::Approve)
        .await;
    let tokens = party.redeem(&callback).await.unwrap();
    assert_eq!(tokens["claims"]["sub"], SUBJECT);
}

/// And the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_may_have_a_signed_answer() {
    let setting = Setting::new().await;
    let means = json!({ "document": "oidc", "jarm": true });
    let (mut party, _) = setting.discover(As::Client, means).await;
    let tokens = setting.tokens(&mut party).await;
    assert_eq!(tokens["claims"]["sub"], SUBJECT);
}

/// JSON is a text in a form, and a value in a request object (RFC 9101 §4, RFC 9396 §3).
#[tokio::test(flavor = "multi_thread")]
async fn structured_parameters_are_understood_in_both_shapes() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let details =
        json!([{ "type": DETAIL_TYPE, "amount": { "currency": "EUR", "value": "9.50" } }]);
    let claims = json!({ "id_token": { "email": { "essential": true } } });
    let parameters = json!({
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "resource": API,
        "max_age": "60",
        "authorization_details": details.to_string(),
        "claims": claims.to_string(),
    });
    for request in [Request::Plain, Request::Signed] {
        let url = party.authorize(request, parameters.clone()).await;
        let callback = setting.visit(&url.unwrap(), Decision::Approve).await;

        let tokens = party.redeem(&callback).await.unwrap();

        assert_eq!(tokens["authorization_details"], details, "{request:?}");
        assert_eq!(tokens["claims"]["email"], EMAIL, "{request:?}");
    }
}

/// RFC 9701.
#[tokio::test(flavor = "multi_thread")]
async fn introspection_responses_are_signed_for_whoever_wants() {
    let setting = Setting::new().await;
    let tokens = setting.tokens(&mut setting.party(As::Client).await).await;
    let metadata = json!({ "introspection_signed_response_alg": "ES256" });
    let (mut party, _) = setting
        .discover(
            As::ResourceServer,
            json!({ "document": "oidc", "metadata": metadata }),
        )
        .await;

    let step = json!({ "do": "introspect", "token": tokens["access_token"] });
    let answer = party.step(&step).await.unwrap();

    // The library hands out what is inside the JWT.
    assert_eq!(answer["active"], true, "{answer}");
    assert_eq!(answer["sub"], SUBJECT);
}
