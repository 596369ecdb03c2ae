//! One connection, from its handshake to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use fapi_core::mtls::{Connection, Peer};
use fapi_core::token::CertificateThumbprint;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::tls::HTTP_2;
use crate::certificate::ClientCertificate;

const HANDSHAKE: Duration = Duration::from_secs(10);
const REQUEST_HEAD: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(30);
const CONNECTION: Duration = Duration::from_secs(300);
/// What a request in flight gets when its connection has to end.
const GRACE: Duration = Duration::from_secs(10);

/// The head of a request, in bytes. A certificate in a header is up to 16 KiB.
const MAX_HEAD: usize = 64 * 1024;
/// The same for HTTP/2, whose type it is.
const MAX_HEADER_LIST: u32 = 64 * 1024;
const MAX_STREAMS: u32 = 100;

/// What lies below HTTP.
#[derive(Clone)]
pub(super) struct Transport(Option<TlsAcceptor>);

/// What each request of a connection is told about it.
#[derive(Clone)]
struct About {
    connection: Connection,
    certificate: Option<ClientCertificate>,
}

#[derive(Clone, Copy)]
enum Http {
    One,
    Two,
}

impl Transport {
    pub(super) fn new(tls: Option<Arc<ServerConfig>>) -> Self {
        Self(tls.map(TlsAcceptor::from))
    }

    /// Serves one connection until it or the server ends.
    pub(super) async fn serve(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        router: Router,
        mut stopped: watch::Receiver<()>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let mut about = About {
            connection: Connection {
                peer: Peer::Ip(address.ip()),
                certificate: None,
            },
            certificate: None,
        };
        let Some(acceptor) = &self.0 else {
            return exchange(stream, Http::One, about, router, stopped).await;
        };
        let stream = tokio::select! {
            _ = stopped.changed() => return,
            accepted = timeout(HANDSHAKE, acceptor.accept(stream)) => match accepted {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return tracing::debug!(%address, %error, "handshake failed"),
                Err(_) => return tracing::debug!(%address, "handshake took too long"),
            },
        };
        let (_, session) = stream.get_ref();
        // rustls gives the client's own first, and gives them for resumed sessions too.
        let certificate = ClientCertificate::from_chain(session.peer_certificates().unwrap_or(&[]));
        about.connection.certificate = certificate
            .as_ref()
            .map(|own| CertificateThumbprint::of_der(own.der()));
        about.certificate = certificate;
        let http = match session.alpn_protocol() {
            Some(HTTP_2) => Http::Two,
            _ => Http::One,
        };
        exchange(stream, http, about, router, stopped).await;
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http: Http,
    about: About,
    router: Router,
    mut stopped: watch::Receiver<()>,
) {
    let builder = builder(http);
    let service = service_fn(|request| answer(router.clone(), about.clone(), request));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopped.changed() => None,
        () = sleep(CONNECTION) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            match timeout(GRACE, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a request took too long for its connection"),
            }
        }
    };
    if let Err(error) = ended {
        // A client that went away, or does not speak HTTP.
        tracing::debug!(%error, "connection broken off");
    }
}

fn builder(http: Http) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD)
        .max_buf_size(MAX_HEAD)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADER_LIST)
        .max_concurrent_streams(MAX_STREAMS);
    match http {
        Http::One => builder.http1_only(),
        Http::Two => builder.http2_only(),
    }
}

async fn answer(
    mut router: Router,
    about: About,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let extensions = request.extensions_mut();
    extensions.insert(about.connection);
    if let Some(certificate) = about.certificate {
        extensions.insert(certificate);
    }
    match timeout(REQUEST, router.call(request)).await {
        Ok(answer) => answer,
        Err(_) => {
            let mut late = Response::new(Body::empty());
            *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
            Ok(late)
        }
    }
}
