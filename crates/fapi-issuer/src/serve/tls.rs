//! TLS of the sockets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use fapi_core::config::ConfigError;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;

use super::any_certificate::AnyCertificate;
use crate::certificate::{TlsConfig, certificates, wrong};

/// As ALPN calls it (RFC 7301 §6).
pub(super) const HTTP_2: &[u8] = b"h2";

/// Whether a socket asks for a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Nothing,
    ForCertificate,
}

/// The server's certificate and key, which can be exchanged.
#[derive(Debug)]
pub(super) struct Identity {
    files: TlsConfig,
    current: ArcSwap<CertifiedKey>,
}

impl Identity {
    pub(super) fn read(files: &TlsConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            current: ArcSwap::from_pointee(certified(files)?),
            files: files.clone(),
        })
    }

    pub(super) fn reload(&self) -> Result<(), ConfigError> {
        self.current.store(Arc::new(certified(&self.files)?));
        Ok(())
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

fn certified(files: &TlsConfig) -> Result<CertifiedKey, ConfigError> {
    let chain = certificates(&files.certificate, "tls.certificate")?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| wrong("tls.key", &files.key, &error))?;
    CertifiedKey::from_der(chain, key, &provider())
        .map_err(|error| wrong("tls.key", &files.key, &error))
}

/// FAPI 2.0 Security Profile §5.2.1: TLS 1.2 or 1.3. Under 1.2 rustls has none but the cipher suites of §5.2.2 (RFC 9325
/// §4.2), and ChaCha20.
pub(super) fn acceptor(identity: Arc<Identity>, asks: Asks) -> Result<TlsAcceptor, ConfigError> {
    let provider = Arc::new(provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| ConfigError::invalid("tls", error.to_string()))?;
    let builder = match asks {
        Asks::Nothing => builder.with_no_client_auth(),
        Asks::ForCertificate => {
            builder.with_client_cert_verifier(Arc::new(AnyCertificate::new(provider)))
        }
    };
    let mut config = builder.with_cert_resolver(identity);
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
