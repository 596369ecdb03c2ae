//! How clients show certificates, as it stands in the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use fapi_core::config::{CertificateFrom, TrustedProxy};
use serde::{Deserialize, Serialize};

/// How clients show certificates (RFC 8705).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct MtlsConfig {
    /// What the addresses of `mtls_endpoint_aliases` (RFC 8705 §5) begin with, in place of the issuer's scheme, host and
    /// port: an origin such as `https://mtls.as.example.com`. Browsers do not go there, so none asks its user for a
    /// certificate.
    pub origin: String,
    /// Where the server listens for clients that have a certificate. It asks for one, and takes any and none: what it is
    /// worth depends on the client. Needs `tls`. Default: nowhere, because a proxy ends TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Certificates in PEM of the authorities for `tls_client_auth` (RFC 8705 §2.1): one of them must have issued the
    /// client's certificate, or stand at the end of the chain that came with it. Default: none, and then there is no
    /// `tls_client_auth`, unless `certificate_from` names a header, where it is the proxy that checks the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// Who tells us the certificate. Of a header, the whole certificate is needed to authenticate a client: `Cert` of
    /// `x-forwarded-client-cert`, and not its `Hash` alone, which serves for tokens. Default: `tls`.
    #[serde(default)]
    pub certificate_from: CertificateFrom,
    /// Which element of a header list counts, from the right, 1 to 16. Default: 1.
    #[serde(default = "one")]
    pub trusted_hops: u8,
    /// The peers from which a certificate header is believed: networks in CIDR notation, or `unix`. Needed for `xfcc` and
    /// `client-cert`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<TrustedProxy>,
}

const fn one() -> u8 {
    1
}
