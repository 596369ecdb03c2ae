//! A certificate authority for as long as `setup` runs. Nobody can certify anything more with it afterwards.

use std::error::Error;
use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::names::{CA, CERTIFICATE, KEY};

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Result<Self, rcgen::Error> {
        let mut params = named("the authority of this example", [])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        CertifiedIssuer::self_signed(params, KeyPair::generate()?).map(Self)
    }

    /// Writes the authority's certificate into a folder.
    pub(crate) fn write(&self, folder: &Path) -> std::io::Result<()> {
        fs::write(folder.join(CA), self.0.pem())
    }

    /// Writes a certificate for the server of this name, and its new key, into a folder.
    pub(crate) fn certify(&self, name: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
        let key = KeyPair::generate()?;
        let certificate = named(name, [name.to_owned()])?.signed_by(&key, &self.0)?;
        fs::write(folder.join(CERTIFICATE), certificate.pem())?;
        fs::write(folder.join(KEY), key.serialize_pem())?;
        Ok(())
    }
}

/// Envoy takes a certificate whose subject is its issuer for one that is signed with its own key, so each has a name.
fn named(name: &str, hosts: impl Into<Vec<String>>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
