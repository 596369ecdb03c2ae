//! A FAPI 2.0 resource server: one configuration document, one layer, and handlers that show whom it let in.
//!
//! ```text
//! cargo run -p example-resource-server -- --config examples/resource-server/config.example.json
//! ```
//!
//! It speaks HTTP/1.1 and HTTP/2 without TLS: in production a proxy in front does that, and `origin` in the document is
//! the address that clients use. hyper limits the headers of a request: to 100 lines and about 400 KiB in HTTP/1.1, to
//! 16 KiB in HTTP/2, where a very large token is answered with 431 before the layer sees it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_fapi::{Access, FapiConfig, FapiLayer};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// A resource server that shows each caller what its access token says.
#[derive(Parser)]
struct Arguments {
    /// The configuration document.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where to listen. Port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    let layer = match load(&arguments.config) {
        Ok(layer) => layer,
        Err(line) => return fail(2, line),
    };
    match serve(arguments.listen, api(layer)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, error),
    }
}

/// The API. The layer comes last: it guards every route above it, unknown paths and methods too.
fn api(layer: FapiLayer) -> Router {
    Router::new()
        .route("/accounts", get(show))
        .route("/accounts/{id}", get(show))
        .route("/payments", post(show))
        .fallback(show)
        .method_not_allowed_fallback(show)
        .layer(layer.clone())
        // RFC 9728: these need no token.
        .merge(layer.handle().metadata_routes())
}

/// Answers with the `Access` that the layer has proven. A handler without this argument is guarded just the same.
async fn show(access: Option<Access>) -> Json<Value> {
    // A public rule asks for no token, and `report_only` refuses nobody.
    let Some(access) = access else {
        return Json(json!({ "subject": null }));
    };
    // Named as in the claim `cnf` (RFC 9449 §6.1, RFC 8705 §3.1).
    let bound_to = access.confirmation();
    let key = bound_to.key().map(|key| ("jkt", key.to_string()));
    let certificate = bound_to
        .certificate()
        .map(|certificate| ("x5t#S256", certificate.to_string()));
    Json(json!({
        "subject": access.subject(),
        "client_id": access.client_id(),
        "scope": access.scope().as_str(),
        "confirmation": key.into_iter().chain(certificate).collect::<BTreeMap<_, _>>(),
        "issuer": access.issuer(),
    }))
}

/// The layer that this document describes, or one line that says what is wrong with it.
fn load(path: &Path) -> Result<FapiLayer, String> {
    let document =
        std::fs::read(path).map_err(|error| format!("configuration: {path:?}: {error}"))?;
    FapiConfig::from_slice(&document)
        .and_then(FapiLayer::for_axum)
        .map_err(|error| error.to_string())
}

/// Serves until the process is told to stop, and then finishes the requests that it has begun.
async fn serve(address: SocketAddr, api: Router) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let stopped = stopped()?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {}", listener.local_addr()?)?;
    stdout.flush()?;
    // The layer asks who is at the other end where the document names proxies that it trusts.
    let api = api.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, api)
        .with_graceful_shutdown(stopped)
        .await
}

/// Ends with SIGINT or SIGTERM. From this call on neither kills the process at once.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Ends with Ctrl-C.
#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Logs to standard error what `RUST_LOG` asks for, by default `info`.
fn log_to_stderr() {
    let levels = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(levels)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
}

/// Says why on one line, and gives the exit status.
fn fail(status: u8, reason: impl Display) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::from(status)
}
