//! A certificate authority made on the spot, and what it certifies.
//!
//! The server takes client certificates of this authority alone. An API whose clients have self-signed certificates
//! (RFC 8705 §2.2) needs a `ClientCertVerifier` of its own, which takes any chain but still verifies the handshake's
//! signature: without that, whoever has seen a certificate could show it.

use std::error::Error;
use std::sync::Arc;

use fapi_core::token::CertificateThumbprint;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The authority.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

/// A certificate and its private key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone())?;
        Ok(Self {
            issuer,
            roots: Arc::new(roots),
        })
    }

    /// A certificate for this name, with a new key.
    pub(crate) fn certify(&self, name: &str) -> Result<Identity, rcgen::Error> {
        self.certify_key(name, KeyPair::generate()?)
    }

    /// A certificate for this name and key.
    pub(crate) fn certify_key(&self, name: &str, key: KeyPair) -> Result<Identity, rcgen::Error> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer)?.der().clone();
        Ok(Identity { certificate, key })
    }

    /// TLS for a server with this name. It asks clients for a certificate, and serves those that have none, too: what a
    /// request needs is for the layer to say.
    pub(crate) fn server_config(&self, name: &str) -> Result<ServerConfig, Box<dyn Error>> {
        let verifier = WebPkiClientVerifier::builder(Arc::clone(&self.roots))
            .allow_unauthenticated()
            .build()?;
        let identity = self.certify(name)?;
        Ok(ServerConfig::builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![identity.certificate.clone()], identity.private_key())?)
    }

    /// An HTTP client that trusts the authority, and shows this certificate.
    pub(crate) fn client(
        &self,
        identity: Option<&Identity>,
    ) -> Result<reqwest::Client, Box<dyn Error>> {
        let tls = ClientConfig::builder().with_root_certificates(Arc::clone(&self.roots));
        let tls = match identity {
            Some(identity) => tls.with_client_auth_cert(
                vec![identity.certificate.clone()],
                identity.private_key(),
            )?,
            None => tls.with_no_client_auth(),
        };
        // Whatever proxy the environment names, it does not lead to this machine.
        Ok(reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(tls)
            .build()?)
    }
}

impl Identity {
    /// What tokens are bound to: the certificate, not its key. A renewed certificate needs new tokens (RFC 8705 §6.3).
    pub(crate) fn thumbprint(&self) -> CertificateThumbprint {
        CertificateThumbprint::of_der(&self.certificate)
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The same key in a new certificate.
    pub(crate) fn renewed(
        &self,
        authority: &Authority,
        name: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let key = KeyPair::try_from(self.key.serialize_der())?;
        Ok(authority.certify_key(name, key)?)
    }
}
