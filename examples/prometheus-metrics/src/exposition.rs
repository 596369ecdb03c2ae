//! What a Prometheus server scrapes.

use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The text format (Prometheus, "Exposition formats").
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds in seconds. A decision with everything at hand takes some 50 to 100 µs; where keys are fetched or an
/// issuer is asked, milliseconds.
const SECONDS: [f64; 9] = [0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0];

/// How often what histograms have gathered is folded: until then each value takes room.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder of this process.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let exposition = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    // The exporter's own server would do this.
    let upkeep = exposition.clone();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(UPKEEP);
        loop {
            pace.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(exposition)
}

/// `/metrics`, outside the layer: a scraper has no access token.
///
/// For the same reason it belongs on another port or interface than the API. It names the issuers, tells how full the
/// replay store is, and shows whoever probes the API how far each attempt came, which the responses do not say.
pub(crate) fn router(exposition: PrometheusHandle) -> Router {
    let serve = async move || ([(CONTENT_TYPE, TEXT)], exposition.render()).into_response();
    Router::new().route("/metrics", get(serve))
}
