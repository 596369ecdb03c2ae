//! How many refusals are in the log.

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::filter::LevelFilter;

use crate::log::{Log, listen};
use crate::setting::{Setting, bare, send};
use crate::{app, logging};

#[tokio::test]
async fn a_flood_of_refusals_is_counted_in_full_and_logged_in_part() {
    let setting = Setting::new();
    let log = Log::default();
    let _logging = listen(logging(&log, LevelFilter::DEBUG));
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let app = app(&setting, setting.config());
    log.take();

    for _ in 0..25 {
        send(&app, bare("GET", "/page")).await;
    }
    // Another reason has lines of its own.
    send(&app, setting.request("POST", "/page", "no.jwt")).await;
    let text = log.take();
    let lines = |start: &str| text.lines().filter(|line| line.contains(start)).count();
    assert_eq!(
        lines(r#" INFO tower_fapi: request refused reason="no_credentials""#),
        10,
        "{text}"
    );
    assert_eq!(
        lines("DEBUG tower_fapi: request refused, beyond"),
        15,
        "{text}"
    );
    assert_eq!(
        lines(r#" INFO tower_fapi: request refused reason="token_"#),
        1,
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.contains("interaction_id=\"")),
        "{text}"
    );

    setting.clock.advance(1);
    send(&app, bare("GET", "/page")).await;
    let text = log.take();
    let line = r#" INFO tower_fapi: more requests refused reason="no_credentials" left_out=15"#;
    assert!(text.contains(line), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");

    let counted = recorder.handle().render();
    let line = r#"fapi_decisions_total{decision="refused",reason="no_credentials"} 26"#;
    assert!(counted.contains(line), "{counted}");
}
