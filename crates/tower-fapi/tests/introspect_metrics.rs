//! What is counted of questions about tokens.

mod introspect_support;

use std::sync::Arc;

use introspect_support::*;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tokio::sync::Semaphore;

/// The lines about introspection, sorted, without those of quantiles.
fn counted(recorder: &PrometheusRecorder) -> Vec<String> {
    let text = recorder.handle().render();
    let mut lines: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("fapi_introspection"))
        .filter(|line| !line.contains("quantile") && !line.starts_with("_seconds_sum"))
        .map(|line| line.replace(r#"issuer="https://as.example.com""#, "AS"))
        .collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn each_outcome_is_counted_under_its_name() {
    for (bytes, outcome) in [
        (json(&active()), "answered"),
        (json(r#"{"active":false}"#), "answered"),
        (
            response("401 Unauthorized", "text/plain", ""),
            "credentials_refused",
        ),
        (
            response("500 Internal Server Error", "text/plain", ""),
            "failed",
        ),
    ] {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _recording = metrics::set_default_local_recorder(&recorder);
        let server = Server::always(bytes).await;
        let introspector = introspector(endpoint(&server.origin, &signing_key()));
        let _ = ask(&introspector, TOKEN).await;
        assert_eq!(
            counted(&recorder),
            [
                "_seconds_count{AS} 1".to_owned(),
                format!("s_total{{AS,outcome=\"{outcome}\"}} 1"),
            ]
        );
    }
}

#[tokio::test]
async fn silence_is_counted_as_such() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let server = Server::start(|_| Reply::Silence).await;
    let mut config = config(endpoint(&server.origin, &signing_key()));
    config.http.get_or_insert_default().timeout_ms = 100;
    assert!(ask(&with_config(&config), TOKEN).await.is_err());
    let expected = [
        "_seconds_count{AS} 1",
        r#"s_total{AS,outcome="timed_out"} 1"#,
    ];
    assert_eq!(counted(&recorder), expected);
}

#[tokio::test]
async fn what_need_not_or_cannot_be_asked_is_counted_apart() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let gate = Arc::new(Semaphore::new(0));
    let closed = Arc::clone(&gate);
    let server = Server::start(move |_| Reply::Gated(Arc::clone(&closed), json(&active()))).await;
    let mut settings = endpoint(&server.origin, &signing_key());
    settings.max_in_flight = 1;
    settings.cache_seconds = 60;
    let introspector = introspector(settings);

    let first = begin(&introspector, TOKEN);
    let second = begin(&introspector, TOKEN);
    assert!(ask(&introspector, "another").await.is_err());
    gate.add_permits(1);
    assert!(first.await.is_ok());
    assert!(second.await.is_ok());
    assert!(ask(&introspector, TOKEN).await.is_ok());

    let expected = [
        "_seconds_count{AS} 1",
        r#"s_saved_total{AS,by="cached"} 1"#,
        r#"s_saved_total{AS,by="shared"} 1"#,
        r#"s_total{AS,outcome="answered"} 1"#,
        r#"s_total{AS,outcome="busy"} 1"#,
    ];
    assert_eq!(counted(&recorder), expected);
}
