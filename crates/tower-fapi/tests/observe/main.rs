//! What an operator sees of requests: metrics, log lines and spans.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod canary;
mod decisions;
#[path = "../introspect_support/mod.rs"]
mod introspect_support;
#[path = "../log/mod.rs"]
mod log;
mod page;
mod refusals;
mod replay;
#[path = "../rules/setting.rs"]
#[allow(dead_code, reason = "this test binary uses its own part of the module")]
mod setting;
mod waits;

use std::io;

use axum::Router;
use axum::routing::get;
use fapi_core::config::ConfigBuilder;
use tower_fapi::FapiLayer;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::log::Log;
use crate::setting::Setting;

/// An application with one page, behind the layer.
fn page(layer: FapiLayer) -> Router {
    Router::new()
        .route("/page", get(async || "page"))
        .layer(layer)
}

fn app(setting: &Setting, config: ConfigBuilder) -> Router {
    page(setting.layer(config))
}

/// What the crate logs, with the spans that lines are in and one line when a span ends.
fn logging(log: &Log, level: LevelFilter) -> impl Subscriber + Send + Sync + use<> {
    let log = log.clone();
    let writer = BoxMakeWriter::new(move || Box::new(log.clone()) as Box<dyn io::Write>);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .without_time()
        .with_span_events(FmtSpan::CLOSE);
    tracing_subscriber::registry()
        .with(Targets::new().with_target("tower_fapi", level))
        .with(lines)
}
