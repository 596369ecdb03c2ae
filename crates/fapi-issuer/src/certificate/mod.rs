//! Certificates of clients (RFC 8705): who shows which, and what it is worth.

mod config;

use std::sync::Arc;

pub use config::MtlsConfig;

/// The certificate that the client proved to have in the TLS handshake of the connection that a request came in on, and
/// those that it sent along. Whoever ends TLS puts it among the request's extensions, beside
/// [`Connection`](fapi_core::mtls::Connection), which says who the peer is; the server of the feature `serve` does.
///
/// Nothing need be known of the certificate, but that the client has its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    chain: Arc<[Vec<u8>]>,
}

impl ClientCertificate {
    /// The certificates as the client sent them, in DER: its own, and then those that lead to its root (RFC 8446 §4.4.2).
    /// `None` if there are none.
    #[must_use]
    pub fn from_chain<C: AsRef<[u8]>>(chain: &[C]) -> Option<Self> {
        (!chain.is_empty()).then(|| Self {
            chain: chain.iter().map(|one| one.as_ref().to_vec()).collect(),
        })
    }

    /// The client's own certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.chain.first().map_or(&[], Vec::as_slice)
    }
}
