//! Fetches are counted, and the application's observer is told as well.

use metrics_exporter_prometheus::PrometheusBuilder;
use tower_fapi::IssuerConfig;

use crate::server::{Reply, Server};
use crate::setting::{Event, Setting, jwks};

#[tokio::test]
async fn fetches_are_counted_beside_an_observer() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let server = Server::start(|_| Reply::json(jwks(&["a"]))).await;
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let mut setting = Setting::new(issuer);

    setting.fetch(None).await.unwrap();
    assert_eq!(setting.event().await, Event::Fetched);
    for kid in ["b", "c"] {
        setting.fetch(Some(kid)).await.unwrap();
        assert_eq!(setting.event().await, Event::Fetched);
    }
    setting.fetch(Some("d")).await.unwrap();
    assert_eq!(setting.event().await, Event::CoolingDown);
    server.now(|_| Reply::status("500 Internal Server Error"));
    setting.clock.advance(10);
    assert!(setting.fetch(Some("e")).await.is_err());
    setting.failure().await;

    let text = recorder.handle().render();
    for (outcome, times) in [("fetched", 3), ("failed", 1), ("cooling_down", 1)] {
        let line = format!(
            r#"fapi_key_fetches_total{{issuer="https://as.example.com",outcome="{outcome}"}} {times}"#
        );
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
}
