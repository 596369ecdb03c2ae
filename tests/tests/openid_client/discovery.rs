//! What the library reads of our metadata.

use serde_json::json;

use crate::setting::{As, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn both_documents_are_understood() {
    let setting = Setting::new().await;
    for document in ["oidc", "oauth2"] {
        let (_, learned) = setting
            .discover(As::Client, json!({ "document": document }))
            .await;
        assert_eq!(learned["issuer"], setting.issuer.url(), "{document}");
        let endpoint = format!("{}/par", setting.issuer.url());
        assert_eq!(
            learned["pushed_authorization_request_endpoint"], endpoint,
            "{document}"
        );
    }
}
