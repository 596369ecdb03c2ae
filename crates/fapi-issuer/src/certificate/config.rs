//! `tls` and `mtls` of the configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fapi_core::config::{self, CertificateFrom, ConfigError, TrustedProxy};
use fapi_core::dpop::Origin;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};

/// The certificate of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct TlsConfig {
    /// A file with the certificate, and those that lead to its authority (PEM).
    pub certificate: PathBuf,
    /// A file with its private key (PEM).
    pub key: PathBuf,
}

/// Clients that have certificates (RFC 8705).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct MtlsConfig {
    /// The origin where they find the endpoints (`mtls_endpoint_aliases`, RFC 8705 §5): browsers, which would ask their
    /// user for a certificate, do not go there.
    pub origin: String,
    /// The socket behind that origin, which asks for a certificate. Default: none, a proxy asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// A file with the authorities (PEM) that certificates of `tls_client_auth` must come from, read at the start. Needed for
    /// such clients, also where a proxy tells the certificate: intermediate ones then stand in it too. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// Who tells us the certificate. Default: `tls`. With `xfcc`, which tells its hash alone, tokens can be bound to it, but
    /// clients cannot authenticate by it.
    #[serde(default)]
    pub certificate_from: CertificateFrom,
    /// Which element of a header list counts, from the right, 1 to 16. Default: 1.
    #[serde(default = "trusted_hops")]
    pub trusted_hops: u8,
    /// The peers from which a certificate header is believed: networks in CIDR notation, or `unix`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<TrustedProxy>,
}

const fn trusted_hops() -> u8 {
    1
}

impl MtlsConfig {
    /// What the core knows of it.
    pub(crate) fn for_core(&self) -> config::MtlsConfig {
        let mut core = config::MtlsConfig::default();
        core.certificate_from = self.certificate_from;
        core.trusted_hops = self.trusted_hops;
        core.trusted_proxies.clone_from(&self.trusted_proxies);
        core
    }

    /// The origin of the aliases: https, as it is compared.
    pub(crate) fn origin(&self) -> Result<Origin, ConfigError> {
        Origin::parse(&self.origin)
            .ok()
            .filter(|origin| origin.is_https() && origin.as_str() == self.origin)
            .ok_or_else(|| {
                ConfigError::invalid(
                    "mtls.origin",
                    "must be an https origin such as https://mtls.as.example.com, in lower case and without a default port",
                )
            })
    }

    /// The certificates of `client_ca`.
    pub(super) fn authorities(&self) -> Result<Option<RootCertStore>, ConfigError> {
        let Some(path) = &self.client_ca else {
            return Ok(None);
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(path, "mtls.client_ca")? {
            roots
                .add(certificate)
                .map_err(|error| wrong("mtls.client_ca", path, &error))?;
        }
        Ok(Some(roots))
    }
}

/// The certificates of a PEM file, of which there is at least one.
pub(crate) fn certificates(
    path: &Path,
    field: &str,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| wrong(field, path, &error))?;
    if certificates.is_empty() {
        return Err(wrong(field, path, &"no certificate in it"));
    }
    Ok(certificates)
}

pub(crate) fn wrong(field: &str, path: &Path, problem: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::invalid(field, format!("{}: {problem}", path.display()))
}
