//! A certificate authority made on the spot, and what it certifies.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

/// A certificate and its private key.
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).expect("an authority");
        Self {
            issuer,
            roots: Arc::new(roots),
        }
    }

    /// For a server that has all these names.
    pub fn server(&self, names: &[&str]) -> Identity {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.certify(&params)
    }

    /// For a client with this subject: `CN=name,O=Suite` as RFC 4514 writes it, and a DNS name.
    pub fn client(&self, name: &str) -> Identity {
        self.certify(&client_params(name))
    }

    fn certify(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { certificate, key }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// TLS of these versions for a client that trusts this authority.
    pub fn client_config_of(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth()
    }

    /// TLS for a client that trusts this authority, and shows this certificate.
    pub fn client_config(&self, identity: Option<&Identity>) -> ClientConfig {
        let roots = Arc::clone(&self.roots);
        let tls = ClientConfig::builder().with_root_certificates(roots);
        match identity {
            None => tls.with_no_client_auth(),
            Some(identity) => {
                let chain = vec![identity.der().clone()];
                let tls = tls.with_client_auth_cert(chain, identity.private_key());
                tls.expect("a certificate and its key")
            }
        }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Identity {
    /// Certified by its own key (RFC 8705 §2.2).
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = client_params(name);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, key }
    }

    pub fn der(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(super) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The SHA-256 hash of the public key (SubjectPublicKeyInfo) in base64.
    pub fn key_hash(&self) -> String {
        STANDARD.encode(Sha256::digest(self.key.subject_public_key_info()))
    }

    /// The public key, as it stands in the key set of a client (RFC 8705 §2.2.2).
    pub fn public_jwk(&self, kid: &str) -> Value {
        // SEC 1 §2.3.3: 04, x, y.
        let point = self.key.public_key_raw();
        let (x, y) = point[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "kid": kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }
}

fn client_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Without the name that stands there by default.
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Suite");
    params.distinguished_name.push(DnType::CommonName, name);
    let dns_name = Ia5String::try_from(dns_name(name)).expect("ASCII");
    params.subject_alt_names = vec![SanType::DnsName(dns_name)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// The subject of a client's certificate (RFC 4514: the last part first).
pub(super) fn subject(name: &str) -> String {
    format!("CN={name},O=Suite")
}

/// The DNS name in a client's certificate.
pub(super) fn dns_name(name: &str) -> String {
    format!("{name}.clients.example.com")
}
