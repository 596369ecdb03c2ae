//! The accept loop, to be copied: TLS, then HTTP, where every request says which certificate its connection has.
//!
//! `axum::serve` knows nothing of TLS, so hyper serves. The handshake runs in the connection's own task, with a time
//! limit: a client that stalls holds up nobody else. Limits on connections and on slow requests are left to you.
//!
//! In tonic no loop is needed: with `ServerTlsConfig::client_ca_root` and `client_auth_optional(true)` each request has
//! `TlsConnectInfo<TcpConnectInfo>` among its extensions. A layer outside `FapiLayer` reads the first of its
//! `peer_certs()`, and inserts the same [`Connection`] as [`describe`] makes here.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use fapi_core::token::CertificateThumbprint;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_fapi::mtls::{Connection, Peer};
use tower_service::Service as _;

const HANDSHAKE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the program ends.
pub(crate) async fn serve(listener: TcpListener, tls: TlsAcceptor, router: Router) {
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            // Mostly too many open files: some of them must be closed first.
            sleep(PAUSE).await;
            continue;
        };
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await else {
                return;
            };
            let connection = describe(&stream, address);
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(connection);
                router.clone().call(request)
            });
            // An error here is a client that went away, or does not speak HTTP.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Who is at the other end. rustls gives the client's own certificate first (RFC 8446 §4.4.2), and gives it for resumed
/// sessions too.
fn describe(stream: &TlsStream<TcpStream>, address: SocketAddr) -> Connection {
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    Connection {
        peer: Peer::Ip(address.ip()),
        certificate: chain.first().map(|own| CertificateThumbprint::of_der(own)),
    }
}
