//! `fapi-issuer --config FILE`, and the socket.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use fapi_issuer::{Config, Issuer};
use tokio::net::TcpListener;

use crate::failure::Failure;

const MAINTAIN_EVERY: Duration = Duration::from_secs(10);

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Reads the document and serves until told to stop.
pub(crate) async fn run(config: &Path, listen: Option<SocketAddr>) -> Result<(), Failure> {
    let config = read_config(config)?;
    let listen = listen.or(config.listen).unwrap_or(DEFAULT_LISTEN);
    let issuer = Issuer::from_config(config).await?;
    let (listener, address) = bind(listen).await?;
    say(&format!("listening on http://{address}"))?;
    serve(listener, &issuer).await
}

/// The document in this file.
pub(crate) fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::ReadConfig(path.to_owned(), error))?;
    Ok(Config::from_json(&text)?)
}

/// A listening socket, and the address that it got.
pub(crate) async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |error| Failure::Listen(listen, error);
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Serves until ctrl-c or SIGTERM; requests that have begun are finished.
pub(crate) async fn serve(listener: TcpListener, issuer: &Issuer) -> Result<(), Failure> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let maintaining = tokio::spawn(maintain(issuer.clone()));
    let served = axum::serve(listener, issuer.router())
        .with_graceful_shutdown(told_to_stop())
        .await;
    maintaining.abort();
    served.map_err(Failure::Serve)
}

/// Keeps keys and storage in order.
async fn maintain(issuer: Issuer) {
    loop {
        tokio::time::sleep(MAINTAIN_EVERY).await;
        // The storage has told the operator what is wrong, and there is a next time.
        let _ = issuer.maintain().await;
    }
}

/// One line on standard output, at once.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
