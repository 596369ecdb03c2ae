//! Certificates that must not be believed ("X08", RFC 9525).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tower_fapi::IssuerConfig;
use tower_fapi::keys::{FetchProblem, client_builder};

use crate::setting::{Setting, config, jwks};

/// A server at `https://localhost:…/jwks` that speaks TLS with a certificate of its own.
struct Issuer {
    config: IssuerConfig,
    certificate: CertificateDer<'static>,
    requests: Arc<AtomicUsize>,
}

impl Issuer {
    async fn with_certificate(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(tls)),
            Arc::clone(&requests),
        ));
        let uri = format!("https://localhost:{port}/jwks");
        Self {
            config: IssuerConfig::new("https://as.example.com").jwks_uri(uri),
            certificate,
            requests,
        }
    }

    /// Whether keys come through a client that trusts this certificate.
    async fn keys_come(&self) -> bool {
        let root = reqwest::Certificate::from_der(&self.certificate).unwrap();
        let client = client_builder(&config(self.config.clone(), 10_000))
            .tls_certs_only([root])
            .build()
            .unwrap();
        let setting = Setting::with_client(self.config.clone(), client);
        setting
            .fetch(None)
            .await
            .is_ok_and(|keys| keys.has_kid("k1"))
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, requests: Arc<AtomicUsize>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = tls.accept(stream).await else {
            continue;
        };
        if !matches!(stream.read_u8().await, Ok(b'G')) {
            continue;
        }
        requests.fetch_add(1, Ordering::SeqCst);
        let body = jwks(&["k1"]);
        let length = body.len();
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(response.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_through_ones_own_client() {
    let issuer = Issuer::with_certificate(named("localhost")).await;
    assert!(issuer.keys_come().await);
    assert_eq!(issuer.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_of_nobody_is_refused() {
    let issuer = Issuer::with_certificate(named("localhost")).await;
    let mut setting = Setting::new(issuer.config.clone());
    assert!(setting.fetch(None).await.is_err());
    let FetchProblem::Transport(text) = setting.failure().await.problem else {
        panic!("the handshake should fail");
    };
    assert!(text.contains("certificate"), "{text}");
    assert_eq!(issuer.requests.load(Ordering::SeqCst), 0);
}

/// "N29": the name is checked on each connection.
#[tokio::test]
async fn certificates_of_others_or_of_the_past_are_refused() {
    let mut expired = named("localhost");
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    for params in [named("other.example.com"), expired] {
        let issuer = Issuer::with_certificate(params).await;
        assert!(!issuer.keys_come().await);
        assert_eq!(issuer.requests.load(Ordering::SeqCst), 0);
    }
}
