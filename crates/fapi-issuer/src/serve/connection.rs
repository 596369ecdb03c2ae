//! One connection: TLS, then HTTP.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use fapi_core::mtls::Peer;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::limits;
use super::tls::HTTP_2;
use crate::certificate::ClientCertificate;

pub(super) struct Socket {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
}

/// What all connections have in common.
pub(super) struct Conditions {
    pub(super) router: Router,
    pub(super) places: Arc<Semaphore>,
}

/// Who is at the other end.
#[derive(Clone)]
struct Other {
    peer: Peer,
    certificate: Option<ClientCertificate>,
}

/// Which HTTP is spoken: TLS has agreed on it, and nobody has to wait for a first octet that tells.
#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

/// Serves a connection until it ends, or soon after `stopped` has no sender any more.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    conditions: &Conditions,
    mut stopped: watch::Receiver<()>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let peer = Peer::Ip(address.ip().to_canonical());
    let Some(tls) = tls else {
        let other = Other {
            peer,
            certificate: None,
        };
        return speak(stream, Version::One, other, conditions, stopped).await;
    };
    let accepted = tokio::select! {
        accepted = timeout(limits::HANDSHAKE, tls.accept(stream)) => accepted,
        _ = stopped.changed() => return,
    };
    // Whoever breaks off, or takes forever, is no business of the log's.
    let Ok(Ok(stream)) = accepted else {
        return;
    };
    let version = match stream.get_ref().1.alpn_protocol() {
        Some(HTTP_2) => Version::Two,
        _ => Version::One,
    };
    // rustls gives the client's own certificate first (RFC 8446 §4.4.2), and gives it for resumed sessions too.
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let mut chain = chain.iter().map(|certificate| certificate.to_vec());
    let other = Other {
        peer,
        certificate: chain.next().map(|own| ClientCertificate::new(own, chain)),
    };
    speak(stream, version, other, conditions, stopped).await;
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    version: Version,
    other: Other,
    conditions: &Conditions,
    mut stopped: watch::Receiver<()>,
) {
    let router = conditions.router.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(other.peer);
        if let Some(certificate) = &other.certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        let answer = router.clone().call(request);
        async {
            match timeout(limits::REQUEST, answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    let mut response = Response::new(Body::empty());
                    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    Ok(response)
                }
            }
        }
    });
    let builder = builder(version);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopped.changed() => None,
        () = sleep(limits::CONNECTION) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            let Ok(ended) = timeout(limits::GRACE, connection).await else {
                tracing::warn!("a connection was cut off: its requests took too long to finish");
                return;
            };
            ended
        }
    };
    // An error here is a client that went away, or does not speak HTTP.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

fn builder(version: Version) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD)
        .max_buf_size(limits::HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS)
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(limits::REQUEST);
    match version {
        Version::One => builder.http1_only(),
        Version::Two => builder.http2_only(),
    }
}
