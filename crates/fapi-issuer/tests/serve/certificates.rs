//! Certificates made on the spot.

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Who issues certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A chain and the key of its first certificate.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(authority(name), key).unwrap())
    }

    /// An authority that this one has issued a certificate to.
    pub(crate) fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(authority(name), key, &self.0).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn certify(&self, params: &CertificateParams) -> Identity {
        self.certify_key(params, KeyPair::generate().unwrap())
    }

    pub(crate) fn certify_key(&self, params: &CertificateParams, key: KeyPair) -> Identity {
        Identity::new(params.signed_by(&key, &self.0).unwrap(), key)
    }
}

impl Identity {
    fn new(certificate: Certificate, key: KeyPair) -> Self {
        Self {
            chain: vec![certificate.der().clone()],
            certificate,
            key,
        }
    }

    pub(crate) fn self_signed(params: &CertificateParams) -> Self {
        Self::self_signed_by(params, KeyPair::generate().unwrap())
    }

    pub(crate) fn self_signed_by(params: &CertificateParams, key: KeyPair) -> Self {
        Self::new(params.self_signed(&key).unwrap(), key)
    }

    /// Sends this certificate along.
    pub(crate) fn with(mut self, other: CertificateDer<'static>) -> Self {
        self.chain.push(other);
        self
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(crate) fn key(&self) -> KeyPair {
        KeyPair::try_from(self.key.serialize_der()).unwrap()
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// `CN=name,O=Example,C=NZ`, and one alternative name of each kind.
pub(crate) fn client(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Another name stands there already.
    params.distinguished_name = DistinguishedName::new();
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CountryName, "NZ");
    subject.push(DnType::OrganizationName, "Example");
    subject.push(DnType::CommonName, name);
    let text = |text: String| Ia5String::try_from(text).unwrap();
    params.subject_alt_names = vec![
        SanType::DnsName(text(format!("{name}.example.com"))),
        SanType::URI(text(format!("https://example.com/{name}"))),
        SanType::Rfc822Name(text(format!("{name}@example.com"))),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
    ];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// The same, but of the past.
pub(crate) fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    params
}

/// The same, but for servers.
pub(crate) fn for_servers(mut params: CertificateParams) -> CertificateParams {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
