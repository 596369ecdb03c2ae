//! `fapi-issuer --config FILE`, and the sockets.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fapi_issuer::{CertificateReload, Config, Issuer, Server};

use crate::failure::Failure;
use crate::signals::{Hangup, Signals};

const MAINTAIN_EVERY: Duration = Duration::from_secs(10);

/// Reads the document and serves until told to stop.
pub(crate) async fn run(config: &Path, listen: Option<SocketAddr>) -> Result<(), Failure> {
    let signals = Signals::listen().map_err(Failure::Serve)?;
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
    serve(server, &issuer, signals).await;
    Ok(())
}

/// The document in this file.
pub(crate) fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::ReadConfig(path.to_owned(), error))?;
    Ok(Config::from_json(&text)?)
}

/// Serves until ctrl-c or SIGTERM; requests that have begun are finished. On SIGHUP the certificate is read again.
pub(crate) async fn serve(server: Server, issuer: &Issuer, signals: Signals) {
    let maintaining = tokio::spawn(maintain(issuer.clone()));
    let reloading = tokio::spawn(reload(signals.hangup, server.certificate_reload()));
    server.serve(issuer.router(), signals.stop.told()).await;
    maintaining.abort();
    reloading.abort();
}

async fn reload(mut hangup: Hangup, certificate: CertificateReload) {
    loop {
        hangup.next().await;
        match certificate.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
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
