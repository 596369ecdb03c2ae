//! The server: the service behind `FapiLayer`, on a free port of this machine.

use std::error::Error;

use fapi_core::config::NonceConfig;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower_fapi::{FapiConfig, FapiLayer, IssuerConfig};

use crate::accounts::accounts_server::AccountsServer;
use crate::service::AccountService;

/// Serves until the program ends. Returns the server's URL, which is also the audience of tokens for it.
///
/// # Errors
///
/// No free port, or a configuration that contradicts itself.
pub async fn start(issuer: IssuerConfig, nonce: NonceConfig) -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);

    let config = FapiConfig::builder(&url)
        .issuer(issuer)
        .nonce(nonce)
        .dangerous_allow_http_loopback() // in production, the URL is https
        .build()?;
    let server = Server::builder()
        .layer(FapiLayer::new(config)?)
        .add_service(AccountsServer::new(AccountService));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    Ok(url)
}
