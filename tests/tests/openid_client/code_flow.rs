//! The authorization code flow (FAPI 2.0 Security Profile §5.3.2.2), with DPoP.

use fapi_core::config::NonceMode;
use fapi_tests::suite::Decision;
use serde_json::json;
use tower_fapi::testing::Algorithm;

use crate::relying_party::Request;
use crate::setting::{As, CALLBACK, SCOPE, SUBJECT, Setting};

/// Nonces are asked for, or not (RFC 9449 §8, §9).
#[tokio::test(flavor = "multi_thread")]
async fn the_user_approves() {
    for nonces in [NonceMode::Off, NonceMode::Required] {
        let setting = Setting::with(Algorithm::Es256, nonces).await;
        let mut party = setting.party(As::Client).await;

        let tokens = setting.tokens(&mut party).await;

        assert_eq!(tokens["token_type"], "dpop");
        assert_eq!(tokens["scope"], SCOPE);
        assert_eq!(tokens["claims"]["sub"], SUBJECT);
        // Nobody asked for more than who it is.
        assert_eq!(tokens["claims"]["name"], json!(null));
        party.step(&json!({ "do": "userInfo" })).await.unwrap();
    }
}

/// Assertions of the client, ID tokens and access tokens of the issuer.
#[tokio::test(flavor = "multi_thread")]
async fn each_algorithm_is_understood_by_both_sides() {
    for algorithm in [Algorithm::Ps256, Algorithm::EdDsa] {
        let setting = Setting::with(algorithm, NonceMode::Off).await;
        let mut party = setting.party(As::Client).await;
        let tokens = setting.tokens(&mut party).await;
        assert_eq!(tokens["claims"]["sub"], SUBJECT, "{algorithm:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_denies() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let callback = setting
        .decide(&mut party, Request::Plain, Decision::Deny)
        .await;

    let refused = party.redeem(&callback).await.unwrap_err();
    assert_eq!(refused.0["code"], "OAUTH_AUTHORIZATION_RESPONSE_ERROR");
    assert_eq!(refused.0["error"], "access_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_serves_once() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let callback = setting
        .decide(&mut party, Request::Plain, Decision::Approve)
        .await;
    party.redeem(&callback).await.unwrap();

    let refused = party.redeem(&callback).await.unwrap_err();

    assert_eq!(
        (&refused.0["error"], &refused.0["status"]),
        (&json!("invalid_grant"), &json!(400))
    );
}

/// How long ago the user logged in is in the ID token (OpenID Connect Core §3.1.2.1), and the library looks.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_learns_when_the_user_logged_in() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let parameters = json!({ "redirect_uri": CALLBACK, "scope": "openid", "max_age": "60" });
    let url = party.authorize(Request::Plain, parameters).await.unwrap();
    let callback = setting.visit(&url, Decision::Approve).await;

    let tokens = party.redeem(&callback).await.unwrap();

    assert!(tokens["claims"]["auth_time"].is_i64(), "{tokens}");
    assert_eq!(tokens["claims"]["acr"], "urn:example:password");
}
