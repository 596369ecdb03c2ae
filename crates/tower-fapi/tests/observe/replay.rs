//! Counters of the replay store, and how full the one in memory is.

use fapi_core::dpop::Epoch;
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower_fapi::FapiLayer;
use tower_fapi::ports::{Answer, ReplayStore};

use crate::page;
use crate::setting::{Setting, send};

/// Always gives the same answer.
struct Says(Result<ReplayOutcome, Unavailable>);

impl ReplayStore for Says {
    fn epoch(&self) -> Option<Epoch> {
        Some(Epoch::new(1, UnixTime::from_secs(0)))
    }

    fn insert(&self, _: ReplayQuery<'_>, _: UnixTime) -> Answer<Result<ReplayAnswer, Unavailable>> {
        let epoch = Epoch::new(1, UnixTime::from_secs(0));
        Answer::Now(self.0.map(|outcome| ReplayAnswer { outcome, epoch }))
    }
}

#[tokio::test]
async fn each_answer_of_a_store_is_counted_under_its_name() {
    let setting = Setting::new();
    let token = setting.scoped("accounts");
    for (says, name) in [
        (Ok(ReplayOutcome::Fresh), "fresh"),
        (Ok(ReplayOutcome::Seen), "seen"),
        (Ok(ReplayOutcome::Full), "full"),
        (Ok(ReplayOutcome::Forgotten), "forgotten"),
        (Err(Unavailable::retry_after_seconds(1)), "unavailable"),
    ] {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _recording = metrics::set_default_local_recorder(&recorder);
        let layer = FapiLayer::builder(setting.config().build().unwrap())
            .clock(setting.clock.source())
            .replay_store(Says(says))
            .build();
        let app = page(layer.unwrap());
        send(&app, setting.request("GET", "/page", &token)).await;
        let text = recorder.handle().render();
        let counted: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("fapi_replay_insertions_total{"))
            .collect();
        let line = format!("fapi_replay_insertions_total{{outcome=\"{name}\"}} 1");
        assert_eq!(counted, [line]);
    }
}

#[tokio::test]
async fn the_memory_tells_how_full_it_is_once_a_second_and_when_asked() {
    let setting = Setting::new();
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let layer = setting.layer(setting.config().replay_capacity(4096));
    let handle = layer.handle();
    let app = page(layer);
    let token = setting.scoped("accounts");
    let gauge = |name: &str| {
        let text = recorder.handle().render();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };

    for _ in 0..3 {
        send(&app, setting.request("GET", "/page", &token)).await;
    }
    assert_eq!(gauge("fapi_replay_entries "), "1");
    assert_eq!(gauge("fapi_replay_capacity "), "4096");
    setting.clock.advance(1);
    assert!(handle.ready().await.is_ready());
    assert_eq!(gauge("fapi_replay_entries "), "3");
    setting.clock.advance(1);
    send(&app, setting.request("GET", "/page", &token)).await;
    assert_eq!(gauge("fapi_replay_entries "), "4");
}

#[tokio::test]
async fn a_proof_over_quota_reaches_no_store_and_is_counted() {
    let setting = Setting::new();
    let mut config = setting.config().build().unwrap();
    config.dpop.replay.per_key = Some(1);
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let layer = FapiLayer::builder(config).clock(setting.clock.source());
    let app = page(layer.build().unwrap());
    let token = setting.scoped("accounts");
    for _ in 0..2 {
        send(&app, setting.request("GET", "/page", &token)).await;
    }
    let text = recorder.handle().render();
    for line in [
        r#"fapi_replay_insertions_total{outcome="fresh"} 1"#,
        r#"fapi_replay_insertions_total{outcome="over_quota"} 1"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
}
