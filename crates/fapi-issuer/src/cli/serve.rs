//! `fapi-issuer --config FILE`, and the sockets.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fapi_issuer::{CertificateReload, Config, Issuer, Server};

use crate::failure::Failure;

const MAINTAIN_EVERY: Duration = Duration::from_secs(10);

/// Reads the document and serves until told to stop.
pub(crate) async fn run(config: &Path, listen: Option<SocketAddr>) -> Result<(), Failure> {
    let mut config = read_config(config)?;
    config.listen = listen.or(config.listen);
    let server = Server::bind(&config).await?;
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let addresses = server.addresses().map_err(Failure::Serve)?;
    let issuer = Issuer::from_config(config).await?;
    say(&format!("listening on {scheme}://{}", addresses.listen))?;
    if let Some(mtls) = addresses.mtls {
        say(&format!(
            "listening on {scheme}://{mtls} for clients with certificates"
        ))?;
    }
    serve(server, &issuer).await;
    Ok(())
}

/// The document in this file.
pub(crate) fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::ReadConfig(path.to_owned(), error))?;
    Ok(Config::from_json(&text)?)
}

/// Serves until ctrl-c or SIGTERM; requests that have begun are finished. On SIGHUP the certificate is read again.
pub(crate) async fn serve(server: Server, issuer: &Issuer) {
    let maintaining = tokio::spawn(maintain(issuer.clone()));
    let reloading = tokio::spawn(reload_on_hangup(server.certificate_reload()));
    server.serve(issuer.router(), told_to_stop()).await;
    maintaining.abort();
    reloading.abort();
}

#[cfg(unix)]
async fn reload_on_hangup(certificate: CertificateReload) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return;
    };
    while hangup.recv().await.is_some() {
        match certificate.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
}

#[cfg(not(unix))]
async fn reload_on_hangup(_: CertificateReload) {}

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
