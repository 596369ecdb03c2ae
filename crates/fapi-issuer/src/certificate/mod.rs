//! The certificates of clients (RFC 8705): who has which, and what one is worth.

mod config;
mod key;
mod name;
mod subject;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_core::UnixTime;
use fapi_core::config::{CertificateFrom, ConfigError};
use fapi_core::jose::Thumbprint;
use fapi_core::mtls::{CertificatePolicy, Connection, Peer, PresentedCertificate};
use fapi_core::token::CertificateThumbprint;
use http::{Extensions, HeaderMap, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

pub use config::{MtlsConfig, TlsConfig};
#[cfg(feature = "serve")]
pub(crate) use config::{certificates, wrong};
pub(crate) use subject::Subject;

/// The certificate with which a client has proven itself in the TLS handshake of a request's connection: an extension of
/// the request, put there by whoever ends TLS. Beside it goes [`Peer`], as another one, where certificates may come in a
/// header.
///
/// Mind what it stands for: the handshake's signature was verified, so that the client has the key. Nothing else is taken
/// for granted; chain and validity are checked where a client authenticates by them.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    chain: Arc<[CertificateDer<'static>]>,
    thumbprint: CertificateThumbprint,
}

impl ClientCertificate {
    /// The client's own certificate, and those that it has sent along, in DER.
    #[must_use]
    pub fn new(own: Vec<u8>, others: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let thumbprint = CertificateThumbprint::of_der(&own);
        let chain = std::iter::once(own).chain(others);
        Self {
            chain: chain.map(CertificateDer::from).collect(),
            thumbprint,
        }
    }

    /// What tokens are bound to (RFC 8705 §3.1).
    #[must_use]
    pub const fn thumbprint(&self) -> CertificateThumbprint {
        self.thumbprint
    }
}

/// What a request shows of its client.
#[derive(Debug)]
pub(crate) struct Shown {
    thumbprint: CertificateThumbprint,
    /// The client's own certificate first. Empty: the proxy has told its hash alone.
    chain: Arc<[CertificateDer<'static>]>,
}

/// Why a certificate is not the one that a client authenticates with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateProblem {
    /// There is none.
    Missing,
    /// It is no certificate in DER, or the proxy has not sent it.
    Unreadable,
    /// No chain leads to `mtls.client_ca`, or one of its certificates is out of date.
    Chain,
    /// It is about somebody else (RFC 8705 §2.1).
    OtherSubject,
    /// Its key is none of the client's (RFC 8705 §2.2).
    OtherKey,
}

/// Where certificates come from, and who vouches for them.
pub(crate) struct Certificates {
    policy: CertificatePolicy,
    source: CertificateFrom,
    authority: Option<Arc<dyn ClientCertVerifier>>,
}

impl Certificates {
    pub(crate) fn new(config: &MtlsConfig) -> Result<Self, ConfigError> {
        let core = config.for_core();
        let authority = match config.authorities()? {
            None => None,
            Some(roots) => {
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier = verifier
                    .build()
                    .map_err(|error| ConfigError::invalid("mtls.client_ca", error.to_string()))?;
                Some(verifier)
            }
        };
        Ok(Self {
            policy: CertificatePolicy::new(&core),
            source: config.certificate_from,
            authority,
        })
    }

    /// Whether clients can authenticate by a certificate of an authority: `mtls.client_ca` says which. A proxy's word is
    /// not enough: one that lets self-signed certificates pass would let anybody write another client's subject into one.
    pub(crate) fn has_authority(&self) -> bool {
        self.are_whole() && self.authority.is_some()
    }

    /// Whether whole certificates can be seen, and not only their hashes.
    pub(crate) fn are_whole(&self) -> bool {
        self.source != CertificateFrom::Xfcc
    }

    /// How clients can authenticate with certificates.
    pub(crate) fn auth_methods(&self) -> impl Iterator<Item = &'static str> {
        let certified = self.has_authority().then_some("tls_client_auth");
        let self_signed = self.are_whole().then_some("self_signed_tls_client_auth");
        certified.into_iter().chain(self_signed)
    }

    /// The certificate of a request.
    pub(crate) fn shown(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<Shown> {
        let own = extensions.get::<ClientCertificate>();
        let connection = Connection {
            peer: extensions.get::<Peer>().copied().unwrap_or_default(),
            certificate: own.map(|own| own.thumbprint),
        };
        let lines = || {
            let name = self.policy.header();
            let lines = name.into_iter().flat_map(|name| headers.get_all(name));
            lines.map(HeaderValue::as_bytes)
        };
        let thumbprint = match self.policy.presented(&connection, lines()) {
            PresentedCertificate::Certificate(thumbprint) => thumbprint,
            PresentedCertificate::Absent => return None,
            PresentedCertificate::Untrusted => {
                tracing::warn!(
                    "a certificate header from a peer that is not in `mtls.trusted_proxies`"
                );
                return None;
            }
            PresentedCertificate::Malformed(problem) => {
                tracing::warn!(%problem, "a certificate header that cannot be read");
                return None;
            }
        };
        let chain = match self.source {
            CertificateFrom::Tls => own.map(|own| Arc::clone(&own.chain)),
            CertificateFrom::ClientCert => lines().next().and_then(of_line).map(|own| [own].into()),
            CertificateFrom::Xfcc => None,
        };
        Some(Shown {
            thumbprint,
            chain: chain.unwrap_or_default(),
        })
    }

    /// That a certificate is of an authority that we trust, and about this subject.
    pub(crate) fn check_subject(
        &self,
        shown: &Shown,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<(), CertificateProblem> {
        let own = shown.own()?;
        let authority = self.authority.as_ref().ok_or(CertificateProblem::Chain)?;
        let seconds = u64::try_from(now.as_secs()).unwrap_or(0);
        let now =
            rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let others = shown.chain.get(1..).unwrap_or_default();
        // RFC 5280 §6: path, validity, and that it is for clients (§4.2.1.12).
        authority
            .verify_client_cert(own, others, now)
            .map_err(|_| CertificateProblem::Chain)?;
        if subject.is_of(own)? {
            Ok(())
        } else {
            Err(CertificateProblem::OtherSubject)
        }
    }
}

impl Shown {
    /// What a token is bound to (RFC 8705 §3.1).
    pub(crate) const fn thumbprint(&self) -> CertificateThumbprint {
        self.thumbprint
    }

    /// The thumbprint of the certificate's key, as a JWK (RFC 7638).
    pub(crate) fn key(&self) -> Result<Thumbprint, CertificateProblem> {
        key::thumbprint(self.own()?)
    }

    fn own(&self) -> Result<&CertificateDer<'static>, CertificateProblem> {
        self.chain.first().ok_or(CertificateProblem::Unreadable)
    }
}

/// RFC 9440 §2.1: base64 between colons. The policy has looked at it already.
fn of_line(line: &[u8]) -> Option<CertificateDer<'static>> {
    let base64 = line.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    STANDARD.decode(base64).ok().map(CertificateDer::from)
}

impl CertificateProblem {
    /// The code for logs.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Missing => "client_certificate_missing",
            Self::Unreadable => "client_certificate_unreadable",
            Self::Chain => "client_certificate_untrusted",
            Self::OtherSubject => "client_certificate_other_subject",
            Self::OtherKey => "client_certificate_other_key",
        }
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
