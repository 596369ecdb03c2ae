//! Spans of requests that wait.

use std::sync::Arc;

use fapi_core::{KeySet, KeysQuery, Unavailable};
use tower_fapi::FapiLayer;
use tower_fapi::ports::{Answer, KeySource};
use tracing_subscriber::filter::LevelFilter;

use crate::log::{Log, listen};
use crate::setting::{Setting, send};
use crate::{app, logging, page};

const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

/// Has its keys always a moment later.
struct Late(Arc<KeySet>);

impl KeySource for Late {
    fn known(&self, _: &str) -> Option<Arc<KeySet>> {
        None
    }

    fn fetch(&self, _: KeysQuery<'_>) -> Answer<Result<Arc<KeySet>, Unavailable>> {
        let keys = Arc::clone(&self.0);
        Answer::Later(Box::pin(async {
            tokio::task::yield_now().await;
            tracing::debug!(target: "tower_fapi", "said while the request waits");
            Ok(keys)
        }))
    }
}

#[tokio::test]
async fn a_request_that_waits_has_a_span_with_its_name() {
    let setting = Setting::new();
    let log = Log::default();
    let _logging = listen(logging(&log, LevelFilter::DEBUG));
    let keys = KeySet::from_json(setting.issuer.jwks().as_bytes()).unwrap();
    let layer = FapiLayer::builder(setting.config().build().unwrap())
        .clock(setting.clock.source())
        .key_source(Late(Arc::new(keys)))
        .build();
    let app = page(layer.unwrap());
    let mut request = setting.request("GET", "/page", &setting.scoped("accounts"));
    let headers = request.headers_mut();
    headers.insert("x-fapi-interaction-id", ID.parse().unwrap());
    log.take();
    assert!(send(&app, request).await.status().is_success());

    let text = log.take();
    let span = format!(r#"fapi.wait{{interaction_id="{ID}" wait="keys"}}"#);
    for rest in [
        ": tower_fapi: said while the request waits",
        ": tower_fapi: close",
    ] {
        assert!(text.contains(&format!("DEBUG {span}{rest}")), "{text}");
    }
    let accepted = format!(r#"DEBUG tower_fapi: request accepted interaction_id="{ID}""#);
    assert!(text.contains(&accepted), "{text}");
}

#[tokio::test]
async fn a_request_that_does_not_wait_has_none() {
    let setting = Setting::new();
    let log = Log::default();
    let _logging = listen(logging(&log, LevelFilter::TRACE));
    let app = app(&setting, setting.config());
    log.take();
    send(
        &app,
        setting.request("GET", "/page", &setting.scoped("accounts")),
    )
    .await;
    let text = log.take();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("request accepted"), "{text}");
}
