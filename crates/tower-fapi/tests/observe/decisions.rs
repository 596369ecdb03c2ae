//! Counters and times of decisions.

use fapi_core::config::{Mode, Rule};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower_fapi::Reason;

use crate::setting::{Outcome, Setting, answered, bare, outcome, send};
use crate::{app, page};

#[tokio::test]
async fn decisions_are_counted_by_reason_and_timed() {
    let setting = Setting::new();
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let rules = setting
        .config()
        .rule(Rule::public("/public"))
        .rule(Rule::new("/page"));
    let enforcing = app(&setting, rules);
    let reporting = app(&setting, setting.config().mode(Mode::ReportOnly));
    let token = setting.scoped("accounts");

    let good = || setting.request("GET", "/page", &token);
    assert_eq!(outcome(&enforcing, good()).await, answered("page"));
    assert_eq!(outcome(&enforcing, good()).await, answered("page"));
    send(&enforcing, bare("GET", "/public")).await;
    let refused = Outcome::Refused(401, Reason::NoCredentials);
    assert_eq!(outcome(&enforcing, bare("GET", "/page")).await, refused);
    assert_eq!(
        outcome(&reporting, bare("GET", "/page")).await,
        answered("page")
    );

    let text = recorder.handle().render();
    for line in [
        r#"fapi_decisions_total{decision="accepted",reason="none"} 2"#,
        r#"fapi_decisions_total{decision="public",reason="none"} 1"#,
        r#"fapi_decisions_total{decision="refused",reason="no_credentials"} 1"#,
        r#"fapi_decisions_total{decision="reported",reason="no_credentials"} 1"#,
        r#"fapi_verification_seconds_count{decision="accepted"} 2"#,
        r#"fapi_verification_seconds_count{decision="public"} 1"#,
        r#"fapi_verification_seconds_count{decision="refused"} 1"#,
        r#"fapi_verification_seconds_count{decision="reported"} 1"#,
        "# HELP fapi_decisions_total Requests, by what was decided and why.",
        "# TYPE fapi_decisions_total counter",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn a_recorder_may_come_after_the_first_request() {
    let setting = Setting::new();
    let app = page(setting.layer(setting.config()));
    send(&app, bare("GET", "/page")).await;

    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    send(&app, bare("GET", "/page")).await;
    let text = recorder.handle().render();
    let line = r#"fapi_decisions_total{decision="refused",reason="no_credentials"} 1"#;
    assert!(text.lines().any(|one| one == line), "{text}");
}
