//! The issuer, and the resource behind the tower layer.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use fapi_issuer::{Config, Issuer, Server};
use fapi_tests::suite::resource;
use reqwest::Certificate;
use tower_fapi::{FapiConfig, FapiLayer, keys};

use crate::options::{Options, Socket};
use crate::setup::{AUTHORITY, ISSUER, RESOURCE};

const MAINTAIN_EVERY: Duration = Duration::from_secs(10);

/// Starts both, on the runtime that runs this.
pub(crate) async fn start(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut config = Config::from_json(&fs::read_to_string(options.file(ISSUER))?)?;
    let server = Server::bind(&config).await?;
    let issuer = Issuer::from_config(config.clone()).await?;
    tokio::spawn(server.serve(issuer.router(), std::future::pending()));
    tokio::spawn(maintain(issuer));

    // The resource needs a socket that asks for certificates, as the issuer's second one does. The first is of no use
    // to it.
    config.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    if let Some(mtls) = &mut config.mtls {
        mtls.listen = Some(options.address(Socket::Layer));
    }
    let sockets = Server::bind(&config).await?;
    resource::serve(sockets, layer(options)?);
    Ok(())
}

fn layer(options: &Options) -> Result<FapiLayer, Box<dyn Error>> {
    let config = FapiConfig::from_slice(&fs::read(options.file(RESOURCE))?)?;
    let authority = Certificate::from_pem(&fs::read(options.file(AUTHORITY))?)?;
    let http = keys::client_builder(&config)
        .tls_certs_only([authority])
        // The host's name need not lead here from this machine.
        .resolve(options.host(), options.local_address(Socket::Issuer))
        .build()?;
    Ok(FapiLayer::builder(config)
        .http_client(http)
        .for_axum()
        .build()?)
}

/// Keeps keys and storage in order.
async fn maintain(issuer: Issuer) {
    loop {
        tokio::time::sleep(MAINTAIN_EVERY).await;
        // The log says what is wrong, and there is a next time.
        drop(issuer.maintain().await);
    }
}
