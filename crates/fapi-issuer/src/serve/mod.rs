//! The sockets: one for everybody, and one that asks for client certificates.

mod any_certificate;
mod connection;
mod limits;
mod tls;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use fapi_core::config::{CertificateFrom, ConfigError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Config;
use connection::{Conditions, Socket};
use tls::{Asks, Identity};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Bound sockets, on which an issuer can be served: with TLS if the configuration has `tls`, and a second one that asks
/// for client certificates if it has `mtls.listen`.
///
/// Each request has extensions that say who is at the other end: [`Peer`](crate::Peer), and
/// [`ClientCertificate`](crate::ClientCertificate) if there is one.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use fapi_issuer::{Config, Issuer, Server};
///
/// let config = Config::from_json(&std::fs::read_to_string("issuer.json")?)?;
/// let server = Server::bind(&config).await?;
/// let issuer = Issuer::from_config(config).await?;
/// server.serve(issuer.router(), std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
pub struct Server {
    everybody: Socket,
    certified: Option<Socket>,
    identity: Option<Arc<Identity>>,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// `listen`.
    pub listen: SocketAddr,
    /// `mtls.listen`.
    pub mtls: Option<SocketAddr>,
}

/// Why a server cannot be bound.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// A file or field is wrong.
    Config(ConfigError),
    /// The address cannot be had.
    Listen(SocketAddr, io::Error),
}

/// Reads the certificate files of a running server again.
#[derive(Clone, Debug)]
pub struct CertificateReload(Option<Arc<Identity>>);

impl Server {
    /// Reads the certificate files, and binds the sockets. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// [`BindError`]: the first mistake found.
    pub async fn bind(config: &Config) -> Result<Self, BindError> {
        let identity = match &config.tls {
            None => None,
            Some(files) => Some(Arc::new(Identity::read(files)?)),
        };
        let tls = |asks| {
            let identity = identity.as_ref().map(Arc::clone)?;
            Some(tls::acceptor(identity, asks))
        };
        let everybody = Socket {
            listener: listen(config.listen.unwrap_or(DEFAULT_LISTEN)).await?,
            tls: tls(Asks::Nothing).transpose()?,
        };
        let mtls = config.mtls.as_ref();
        let certified = match mtls.and_then(|mtls| Some((mtls, mtls.listen?))) {
            None => None,
            Some((mtls, address)) => {
                let asks = match mtls.certificate_from {
                    CertificateFrom::Tls => Asks::ForCertificate,
                    CertificateFrom::Xfcc | CertificateFrom::ClientCert => Asks::Nothing,
                };
                let tls = tls(asks).transpose()?;
                if tls.is_none() && mtls.certificate_from == CertificateFrom::Tls {
                    return Err(BindError::Config(ConfigError::missing(
                        "tls",
                        "needed for `mtls.listen`, where certificates come from TLS",
                    )));
                }
                Some(Socket {
                    listener: listen(address).await?,
                    tls,
                })
            }
        };
        Ok(Self {
            everybody,
            certified,
            identity,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The operating system does not say.
    pub fn addresses(&self) -> io::Result<Addresses> {
        let certified = self.certified.as_ref();
        Ok(Addresses {
            listen: self.everybody.listener.local_addr()?,
            mtls: certified
                .map(|socket| socket.listener.local_addr())
                .transpose()?,
        })
    }

    /// What reads the certificate files again.
    #[must_use]
    pub fn certificate_reload(&self) -> CertificateReload {
        CertificateReload(self.identity.clone())
    }

    /// Serves until `shutdown` is done; requests that have begun are then finished, if that takes no longer than ten
    /// seconds.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) {
        let (running, stopped) = watch::channel(());
        let conditions = Arc::new(Conditions {
            router,
            places: Arc::new(Semaphore::new(limits::CONNECTIONS)),
        });
        let mut sockets = JoinSet::new();
        for socket in std::iter::once(self.everybody).chain(self.certified) {
            sockets.spawn(accept(socket, Arc::clone(&conditions), stopped.clone()));
        }
        shutdown.await;
        // Whoever waits for a change learns that there will be none.
        drop(running);
        while sockets.join_next().await.is_some() {}
    }
}

/// Takes connections, each into a task of its own: a slow handshake holds up nobody else.
async fn accept(socket: Socket, conditions: Arc<Conditions>, mut stopped: watch::Receiver<()>) {
    let Socket { listener, tls } = socket;
    let mut connections = JoinSet::new();
    loop {
        let (stream, address, place) = tokio::select! {
            _ = stopped.changed() => break,
            accepted = next(&listener, &conditions.places) => accepted,
            // Their outcome is theirs; only the set must not grow.
            Some(_) = connections.join_next() => continue,
        };
        let (tls, conditions, stopped) = (tls.clone(), Arc::clone(&conditions), stopped.clone());
        connections.spawn(async move {
            connection::serve(stream, address, tls, &conditions, stopped).await;
            drop(place);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection, once there is room for one.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // An error would mean that the semaphore is closed, which it never is.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, place),
            Err(error) => {
                // Mostly too many open files: some of them must be closed first.
                tracing::warn!(%error, "no connection could be taken");
                sleep(limits::PAUSE).await;
            }
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, BindError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| BindError::Listen(address, error))
}

impl CertificateReload {
    /// Reads the files again. Connections that are there stay as they are; with wrong files all stays as it was.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    pub fn reload(&self) -> Result<(), ConfigError> {
        match &self.0 {
            None => Ok(()),
            Some(identity) => identity.reload(),
        }
    }
}

impl From<ConfigError> for BindError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Listen(_, error) => Some(error),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}
