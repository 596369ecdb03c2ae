//! TLS, as FAPI 2.0 wants it (Security Profile §5.2.1, BCP 195).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use fapi_core::config::ConfigError;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    SupportedCipherSuite,
};

use crate::config::TlsConfig;

pub(super) const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// Those of TLS 1.3, and of TLS 1.2 those that BCP 195 recommends (RFC 9325 §4.2) among rustls' own.
const CIPHER_SUITES: [SupportedCipherSuite; 7] = [
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// What a server proves itself with. Clones are the same one.
#[derive(Clone)]
pub struct ServerCertificate {
    files: Arc<TlsConfig>,
    key: Arc<ArcSwap<CertifiedKey>>,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clients {
    AreAsked,
    AreNotAsked,
}

impl ServerCertificate {
    pub(super) fn read(files: &TlsConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            key: Arc::new(ArcSwap::from_pointee(certified_key(files)?)),
            files: Arc::new(files.clone()),
        })
    }

    /// Reads the files again: handshakes from now on show what is in them. Reads from the disk, and blocks meanwhile.
    ///
    /// # Errors
    ///
    /// What is wrong with a file. Then everything stays as it is.
    pub fn reload(&self) -> Result<(), ConfigError> {
        self.key.store(Arc::new(certified_key(&self.files)?));
        Ok(())
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.load_full())
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn certified_key(files: &TlsConfig) -> Result<CertifiedKey, ConfigError> {
    let wrong = |field: &str, path: &PathBuf, problem: &dyn fmt::Display| {
        ConfigError::invalid(
            format!("tls.{field}"),
            format!("{}: {problem}", path.display()),
        )
    };
    let of_certificate = |error: pem::Error| wrong("certificate", &files.certificate, &error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(of_certificate)?
        .collect::<Result<_, _>>()
        .map_err(of_certificate)?;
    if chain.is_empty() {
        return Err(wrong("certificate", &files.certificate, &"no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| wrong("key", &files.key, &error))?;
    CertifiedKey::from_der(chain, key, &provider())
        .map_err(|error| wrong("key", &files.key, &error))
}

pub(super) fn config(
    certificate: &ServerCertificate,
    clients: Clients,
) -> Result<Arc<ServerConfig>, ConfigError> {
    let provider = Arc::new(provider());
    let versions = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::invalid("tls", error.to_string()))?;
    let builder = match clients {
        Clients::AreAsked => versions.with_client_cert_verifier(Arc::new(Possession(provider))),
        Clients::AreNotAsked => versions.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificate.clone()));
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    Ok(Arc::new(config))
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: CIPHER_SUITES.to_vec(),
        ..aws_lc_rs::default_provider()
    }
}

/// Takes any certificate whose private key the client has. That is all that a self-signed one can show (RFC 8705 §2.2),
/// and all that a token is bound to (§3): what else a client needs is looked at when it authenticates.
#[derive(Debug)]
struct Possession(Arc<CryptoProvider>);

impl ClientCertVerifier for Possession {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: clients send what they have, whoever issued it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
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
