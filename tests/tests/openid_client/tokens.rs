//! What can be done with tokens, and the grant without a user.

use serde_json::json;

use crate::setting::{API, As, SCOPE, SUBJECT, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn the_user_is_described() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    setting.tokens(&mut party).await;

    let user = party.step(&json!({ "do": "userInfo" })).await.unwrap();

    // `profile` is about the name; `email` was not asked for.
    assert_eq!(user, json!({ "sub": SUBJECT, "name": "Alice" }));
}

/// As often as the client likes: refresh tokens are not rotated (FAPI 2.0 Security Profile §5.3.2.1).
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_refreshed() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let first = setting.tokens(&mut party).await;

    let second = party.step(&json!({ "do": "refresh" })).await.unwrap();
    let narrower = json!({ "do": "refresh", "parameters": { "scope": "accounts" } });
    let third = party.step(&narrower).await.unwrap();

    assert_ne!(first["access_token"], second["access_token"]);
    assert_eq!(second["scope"], SCOPE);
    assert_eq!(third["scope"], "accounts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_until_it_is_revoked() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let mut resource_server = setting.party(As::ResourceServer).await;
    let tokens = setting.tokens(&mut party).await;
    let introspect = json!({ "do": "introspect", "token": tokens["access_token"] });

    let good = resource_server.step(&introspect).await.unwrap();
    assert_eq!(good["active"], true, "{good}");
    assert_eq!(
        (&good["sub"], &good["client_id"]),
        (&json!(SUBJECT), &json!("client"))
    );

    let revoke = json!({ "do": "revoke", "token": tokens["access_token"] });
    party.step(&revoke).await.unwrap();
    let revoked = resource_server.step(&introspect).await.unwrap();
    assert_eq!(revoked, json!({ "active": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_refresh_token_gets_no_more() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let tokens = setting.tokens(&mut party).await;

    let revoke = json!({ "do": "revoke", "token": tokens["refresh_token"] });
    party.step(&revoke).await.unwrap();

    let refused = party.step(&json!({ "do": "refresh" })).await.unwrap_err();
    assert_eq!(refused.0["error"], "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_tokens_for_itself() {
    let setting = Setting::new().await;
    let mut party = setting.party(As::Client).await;
    let parameters = json!({ "scope": "accounts", "resource": API });

    let tokens = party
        .step(&json!({ "do": "clientCredentials", "parameters": parameters }))
        .await
        .unwrap();

    assert_eq!(tokens["token_type"], "dpop");
    assert_eq!(tokens["scope"], "accounts");
    assert_eq!(tokens["refresh_token"], json!(null));
}
