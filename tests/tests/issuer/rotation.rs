//! Keys of the issuer that come and go while the API runs.

use crate::setting::{Answers, Setting};

#[tokio::test]
async fn a_token_by_a_new_key_costs_one_fetch() {
    let setting = Setting::verifying().await;
    let old = setting.token("jwt").await;
    setting.accepts(&old).await;
    assert_eq!(setting.count("/jwks"), 1);
    setting.issuer.rotate_keys(None).await.unwrap();
    for _ in 0..2 {
        setting.accepts(&setting.token("jwt").await).await;
    }
    assert_eq!(setting.count("/jwks"), 2);
    // The old key is published as long as its tokens live.
    setting.accepts(&old).await;
    assert_eq!(setting.count("/jwks"), 2);
}

#[tokio::test]
async fn a_removed_key_takes_its_tokens_along_cached_ones_too() {
    let setting = Setting::verifying().await;
    // The key that signs stands first.
    let jwks = setting.issuer.jwks();
    let first = jwks["keys"][0]["kid"].as_str().unwrap();
    let old = setting.token("jwt").await;
    setting.accepts(&old).await;
    setting.issuer.rotate_keys(None).await.unwrap();
    setting.issuer.withdraw_key(first).await.unwrap();
    // Nothing has told the API yet.
    setting.accepts(&old).await;
    // The fetch for the new key shows that the old one is gone.
    setting.accepts(&setting.token("jwt").await).await;
    setting.refuses(&old).await;
}

#[tokio::test]
async fn signed_answers_by_a_new_key_cost_one_fetch() {
    let setting = Setting::introspecting(Answers::Signed).await;
    let token = setting.token("opaque").await;
    setting.accepts(&token).await;
    assert_eq!(setting.count("/jwks"), 1);
    setting.issuer.rotate_keys(None).await.unwrap();
    for _ in 0..2 {
        setting.accepts(&token).await;
    }
    assert_eq!(setting.count("/jwks"), 2);
}
