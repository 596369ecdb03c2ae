//! Which certificate the client has (RFC 8705 §3), from its TLS connection or from a proxy's header.
//!
//! Mind the header: a certificate's hash is no secret, and whoever reaches the port can send one. So it is believed
//! only from peers named in `mtls.trusted_proxies`, and these must drop what comes from outside, or append to it:
//!
//! * Envoy with `forward_client_cert_details: SANITIZE_SET` drops it, `APPEND_FORWARD` appends. Envoy writes the
//!   names in `By`, `URI` and `DNS` without quotes, even if there is a comma in them. A client that may choose its
//!   alternative names, as with self-signed certificates, could then write an element of its own behind Envoy's. Leave
//!   `uri` and `dns` of `set_current_client_cert_details` off for such clients.
//! * RFC 9440 §4 says the same of `Client-Cert`: the proxy removes it from all requests and then sets its own.
//!
//! Only the hash of the certificate counts here. Whether it is valid, and whether the client has its key, was for the
//! end of the TLS connection to find out.
//!
//! ```
//! use fapi_core::config::{CertificateFrom, MtlsConfig};
//! use fapi_core::mtls::{CertificatePolicy, Connection, Peer, PresentedCertificate};
//! use fapi_core::token::CertificateThumbprint;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = MtlsConfig::default();
//! config.certificate_from = CertificateFrom::Xfcc;
//! config.trusted_proxies = vec!["10.0.0.0/8".parse()?];
//! let policy = CertificatePolicy::new(&config);
//! assert_eq!(policy.header(), Some("x-forwarded-client-cert"));
//!
//! let hash = "1ba52ddb65e56e11162abadbebb9350c19d71ff9454b4e9a22000579af374028";
//! let line = format!("By=spiffe://example.com/proxy;Hash={hash};Subject=\"CN=a, b\"");
//!
//! let proxy = Connection { peer: Peer::Ip("10.1.2.3".parse()?), certificate: None };
//! let presented = policy.presented(&proxy, [line.as_bytes()]);
//! assert_eq!(presented.certificate(), CertificateThumbprint::from_hex(hash.as_bytes()).as_ref());
//!
//! let stranger = Connection { peer: Peer::Ip("203.0.113.9".parse()?), certificate: None };
//! let presented = policy.presented(&stranger, [line.as_bytes()]);
//! assert_eq!(presented, PresentedCertificate::Untrusted);
//! # Ok(())
//! # }
//! ```

mod certificate;
mod client_cert;
mod peer;
mod xfcc;

use std::fmt;

use crate::config::{CertificateFrom, MtlsConfig};
use crate::token::CertificateThumbprint;

pub use certificate::CertificateError;
pub use client_cert::ClientCertError;
pub use peer::{Peer, TrustedPeers};
pub use xfcc::XfccError;

/// Who tells us the client certificate, and whom we believe.
#[derive(Clone, Debug)]
pub struct CertificatePolicy {
    source: CertificateSource,
    trusted: TrustedPeers,
}

/// Who tells us the client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// The TLS connection that the request came in on.
    Tls,
    /// Envoy's header `x-forwarded-client-cert`.
    Xfcc {
        /// Which element counts, from the right; the last one is 1.
        hops: u8,
    },
    /// The header `Client-Cert` (RFC 9440).
    ClientCert,
}

/// The connection that a request came in on, with whoever is at its other end: the client, or a proxy.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who that is.
    pub peer: Peer,
    /// The certificate with which that peer proved itself in this connection's TLS handshake, resumed or not. Never
    /// that of another connection.
    pub certificate: Option<CertificateThumbprint>,
}

/// What a request shows of its client's certificate.
///
/// A token that is bound to a certificate is accepted only with the very one, [`Self::certificate`]; all else is 401
/// `invalid_token` (RFC 8705 §3). The cases without one differ for the operator alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedCertificate {
    /// None.
    Absent,
    /// This one.
    Certificate(CertificateThumbprint),
    /// A header from a peer that is not trusted. It was not read.
    Untrusted,
    /// A header from a trusted peer that does not say which certificate the client has.
    Malformed(CertificateHeaderError),
}

/// What is wrong with a certificate header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateHeaderError {
    /// `x-forwarded-client-cert`.
    Xfcc(XfccError),
    /// `Client-Cert`.
    ClientCert(ClientCertError),
}

impl CertificatePolicy {
    /// Prepares what the configuration says.
    #[must_use]
    pub fn new(config: &MtlsConfig) -> Self {
        Self {
            source: match config.certificate_from {
                CertificateFrom::Tls => CertificateSource::Tls,
                CertificateFrom::Xfcc => CertificateSource::Xfcc {
                    hops: config.trusted_hops,
                },
                CertificateFrom::ClientCert => CertificateSource::ClientCert,
            },
            trusted: TrustedPeers::new(&config.trusted_proxies),
        }
    }

    /// Who tells us the certificate.
    #[must_use]
    pub const fn source(&self) -> CertificateSource {
        self.source
    }

    /// The name of the header whose lines [`Self::presented`] wants, in lower case. `None`: it wants no lines.
    #[must_use]
    pub const fn header(&self) -> Option<&'static str> {
        match self.source {
            CertificateSource::Tls => None,
            CertificateSource::Xfcc { .. } => Some("x-forwarded-client-cert"),
            CertificateSource::ClientCert => Some("client-cert"),
        }
    }

    /// What a request with these lines of [`Self::header`], all of them and in order, shows of its client's
    /// certificate.
    ///
    /// The configured source decides alone; the other one never serves, not even where the configured one has
    /// nothing to say. Two different certificates are no conflict: where a header is the source, that of the
    /// connection is the proxy's own, and differs from the client's as it should. A token that is bound to the one
    /// that is not asked for finds another certificate, or none.
    pub fn presented<'a>(
        &self,
        connection: &Connection,
        lines: impl IntoIterator<Item = &'a [u8]>,
    ) -> PresentedCertificate {
        let mut lines = lines.into_iter().peekable();
        let named = match self.source {
            CertificateSource::Tls => Ok(connection.certificate),
            CertificateSource::Xfcc { .. } | CertificateSource::ClientCert
                if lines.peek().is_none() =>
            {
                Ok(None)
            }
            CertificateSource::Xfcc { .. } | CertificateSource::ClientCert
                if !self.trusted.contains(&connection.peer) =>
            {
                return PresentedCertificate::Untrusted;
            }
            CertificateSource::Xfcc { hops } => {
                xfcc::element(lines, hops).map_err(CertificateHeaderError::Xfcc)
            }
            CertificateSource::ClientCert => {
                client_cert::parse(lines).map_err(CertificateHeaderError::ClientCert)
            }
        };
        match named {
            Ok(Some(certificate)) => PresentedCertificate::Certificate(certificate),
            Ok(None) => PresentedCertificate::Absent,
            Err(problem) => PresentedCertificate::Malformed(problem),
        }
    }
}

impl PresentedCertificate {
    /// The client's certificate, if we know it.
    #[must_use]
    pub const fn certificate(&self) -> Option<&CertificateThumbprint> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Absent | Self::Untrusted | Self::Malformed(_) => None,
        }
    }
}

impl fmt::Display for CertificateHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xfcc(problem) => problem.fmt(f),
            Self::ClientCert(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for CertificateHeaderError {}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
