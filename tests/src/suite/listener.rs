//! A TLS socket for the protected resource, whose requests say which certificate their connection has.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use fapi_core::mtls::{Connection, Peer};
use fapi_core::token::CertificateThumbprint;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::DigitallySignedStruct;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::authority::Identity;

/// Serves on a port of its own until the runtime ends: where.
pub(super) async fn serve(identity: &Identity, router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(run(listener, identity, router));
    address
}

/// Serves on this socket, under this name.
pub fn run(
    listener: TcpListener,
    identity: &Identity,
    router: Router,
) -> impl Future<Output = ()> + Send + use<> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
        .with_single_cert(vec![identity.der().clone()], identity.private_key())
        .expect("a certificate and its key");
    let tls = TlsAcceptor::from(Arc::new(tls));
    async move {
        while let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(converse(stream, peer, tls.clone(), router.clone()));
        }
    }
}

async fn converse(stream: TcpStream, peer: SocketAddr, tls: TlsAcceptor, router: Router) {
    // Whoever is refused is a test of what is refused.
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let connection = Connection {
        peer: Peer::Ip(peer.ip()),
        certificate: chain.first().map(|own| CertificateThumbprint::of_der(own)),
    };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection);
        router.clone().oneshot(request)
    });
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Takes any certificate whose key the client has, and none as well: tokens say which certificate it must be.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
