//! Tokens that are revoked, and when the API learns of it.

use fapi_issuer::Revocation;

use crate::setting::{Answers, Setting};

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    for answers in [Answers::Signed, Answers::Plain] {
        let setting = Setting::introspecting(answers).await;
        for client_id in ["jwt", "opaque"] {
            let (token, other) = (
                setting.token(client_id).await,
                setting.token(client_id).await,
            );
            setting.accepts(&token).await;
            setting.accepts(&other).await;
            let revoked = setting.issuer.revoke(&token).await;
            assert_eq!(revoked, Ok(Revocation::Revoked), "{client_id}");
            setting.refuses(&token).await;
            setting.accepts(&other).await;
        }
        // Nothing was answered from memory.
        assert_eq!(setting.count("/introspect"), 8, "{answers:?}");
    }
}

#[tokio::test]
async fn unknown_opaque_tokens_are_refused() {
    let setting = Setting::introspecting(Answers::Signed).await;
    setting.refuses(&format!("rt_{}", "A".repeat(43))).await;
    assert_eq!(setting.count("/introspect"), 1);
}

/// Where nobody asks, a JWT counts until it expires.
#[tokio::test]
async fn without_introspection_a_revoked_jwt_is_still_accepted() {
    let setting = Setting::verifying().await;
    let token = setting.token("jwt").await;
    setting.issuer.revoke(&token).await.unwrap();
    setting.accepts(&token).await;
    assert_eq!(setting.count("/introspect"), 0);
}
