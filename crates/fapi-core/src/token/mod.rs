//! Access tokens, from a JWT (RFC 9068) or from introspection (RFC 7662).

pub(crate) mod cache;
pub(crate) mod claims;
mod confirmation;
pub(crate) mod introspection;
pub(crate) mod jwt;
mod scope;
pub(crate) mod signed_introspection;

use std::fmt;
use std::sync::Arc;

use crate::UnixTime;

pub use confirmation::{CertificateThumbprint, Confirmation};
pub use scope::Scope;

/// An access token that its issuer vouches for, with the claims that decisions are made on.
pub(crate) struct VerifiedToken {
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) scope: Scope,
    pub(crate) confirmation: Confirmation,
    pub(crate) expires: UnixTime,
    pub(crate) not_before: Option<UnixTime>,
    /// All claims, as the issuer wrote them.
    pub(crate) claims: Box<str>,
}

impl fmt::Debug for VerifiedToken {
    /// Leaves out whom it speaks for and what it says: personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl VerifiedToken {
    /// Whose share of the replay store a proof with this token uses: the client's, else the subject's.
    pub(crate) fn holder(&self) -> &str {
        self.client_id
            .as_deref()
            .or(self.subject.as_deref())
            .unwrap_or_default()
    }
}
