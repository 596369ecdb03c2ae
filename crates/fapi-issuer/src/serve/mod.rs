//! A server for the issuer's router: one socket for everybody, and one that asks clients for their certificates.

mod connection;
mod error;
mod tls;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use fapi_core::config::{CertificateFrom, ConfigError};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::connection::Transport;
pub use self::error::BindError;
pub use self::tls::ServerCertificate;
use crate::Config;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// How many connections there are at most, on both sockets together. Others wait until one is closed.
const MAX_CONNECTIONS: usize = 4096;

/// How long to wait when no connection can be taken: mostly because of too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Bound sockets, for an issuer's router: HTTP/1.1, and HTTP/2 where TLS agrees on it, over TLS 1.2 or 1.3.
///
/// Each request finds [`Connection`](fapi_core::mtls::Connection) among its extensions, and
/// [`ClientCertificate`](crate::ClientCertificate) if the client has one. No client holds up another: handshakes have 10
/// seconds, a request's head 10, the answer 30, and a connection ends after five minutes.
///
/// ```no_run
/// use fapi_issuer::{Config, Issuer, Server};
///
/// # async fn run(config: Config) -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::bind(&config).await?;
/// let issuer = Issuer::from_config(config).await?;
/// server.serve(issuer.router(), async { let _ = tokio::signal::ctrl_c().await; }).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nobody is served until `serve` is called"]
pub struct Server {
    open: Socket,
    mtls: Option<Socket>,
    certificate: Option<ServerCertificate>,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// For everybody.
    pub open: SocketAddr,
    /// For clients that have a certificate.
    pub mtls: Option<SocketAddr>,
}

#[derive(Debug)]
struct Socket {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
}

impl Server {
    /// Takes the addresses of `listen` and `mtls.listen` (port 0: a free one), and reads the files of `tls`. No other part of
    /// the configuration counts here.
    ///
    /// # Errors
    ///
    /// A mistake in the configuration or in a file, or an address that cannot be had.
    pub async fn bind(config: &Config) -> Result<Self, BindError> {
        let certificate = config.tls.as_ref().map(ServerCertificate::read);
        let certificate = certificate.transpose()?;
        let with = |clients| certificate.as_ref().map(|ours| tls::config(ours, clients));
        let mtls = match config.mtls.as_ref().and_then(|mtls| mtls.listen) {
            Some(listen) => {
                let Some(tls) = with(tls::Clients::AreAsked).transpose()? else {
                    return Err(ConfigError::missing("tls", "needed for `mtls.listen`").into());
                };
                let from = config.mtls.as_ref().map(|mtls| mtls.certificate_from);
                if from != Some(CertificateFrom::Tls) {
                    let problem = "needs `certificate_from` to be `tls`: a header comes over the other socket";
                    return Err(ConfigError::invalid("mtls.listen", problem).into());
                }
                Some(Socket::bind(listen, Some(tls)).await?)
            }
            None => None,
        };
        let listen = config.listen.unwrap_or(DEFAULT_LISTEN);
        let open = Socket::bind(listen, with(tls::Clients::AreNotAsked).transpose()?).await?;
        Ok(Self {
            open,
            mtls,
            certificate,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses {
            open: self.open.address,
            mtls: self.mtls.as_ref().map(|socket| socket.address),
        }
    }

    /// What it proves itself with, to be read again when the files have changed. `None`: plain http.
    #[must_use]
    pub const fn certificate(&self) -> Option<&ServerCertificate> {
        self.certificate.as_ref()
    }

    /// Serves until `shutdown` is ready. Then it takes no more connections, and gives the requests that have begun 10 seconds.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(());
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut sockets = JoinSet::new();
        for socket in std::iter::once(self.open).chain(self.mtls) {
            sockets.spawn(socket.serve(router.clone(), Arc::clone(&places), stopped.clone()));
        }
        drop(stopped);
        shutdown.await;
        // Whoever waits for a change learns that there will be none.
        drop(stop);
        while sockets.join_next().await.is_some() {}
    }
}

impl Socket {
    async fn bind(listen: SocketAddr, tls: Option<Arc<ServerConfig>>) -> Result<Self, BindError> {
        let failed = |error| BindError::Listen(listen, error);
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            tls,
        })
    }

    async fn serve(self, router: Router, places: Arc<Semaphore>, mut stopped: watch::Receiver<()>) {
        let transport = Transport::new(self.tls);
        let mut connections = JoinSet::new();
        loop {
            let (stream, address, place) = tokio::select! {
                _ = stopped.changed() => break,
                accepted = accept(&self.listener, &places) => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let (transport, router, stopped) = (transport.clone(), router.clone(), stopped.clone());
            connections.spawn(async move {
                transport.serve(stream, address, router, stopped).await;
                drop(place);
            });
        }
        drop(self.listener);
        while connections.join_next().await.is_some() {}
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (
    TcpStream,
    SocketAddr,
    Option<tokio::sync::OwnedSemaphorePermit>,
) {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, place),
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                sleep(PAUSE).await;
            }
        }
    }
}
