//! The witness that a request passed every check.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::UnixTime;
use crate::token::{Confirmation, Scope, VerifiedToken};

/// Proof that a request carried a valid access token and that its sender is the one it was issued to.
///
/// Only the verifier makes one, so code that holds an `Access` need not check again. Cloning it is cheap.
#[derive(Clone)]
pub struct Access {
    token: Arc<VerifiedToken>,
}

impl Access {
    pub(crate) const fn new(token: Arc<VerifiedToken>) -> Self {
        Self { token }
    }

    /// The issuer that made the token, as the configuration names it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.token.issuer
    }

    /// `sub`: whom the token speaks for; for client credentials the client (RFC 9068 §2.2). A JWT always has it, an
    /// introspected token may not (RFC 7662 §2.2).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.token.subject.as_deref()
    }

    /// `client_id`: the client that the token was issued to. A JWT always has it, an introspected token may not.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.token.client_id.as_deref()
    }

    /// The scope that was granted (RFC 9068 §2.2.3); empty if the token names none.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.token.scope
    }

    /// What the token is bound to, all of which the sender has proven.
    #[must_use]
    pub fn confirmation(&self) -> &Confirmation {
        &self.token.confirmation
    }

    /// `exp`: when the token ends.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        self.token.expires
    }

    /// All claims of the token, or of the introspection response, as any type that deserialises from them.
    ///
    /// ```
    /// # fn example(access: &fapi_core::Access) -> Result<(), serde_json::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Tenant<'a> {
    ///     tenant: &'a str,
    /// }
    /// let Tenant { tenant } = access.claims()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The claims are not of the form that `T` wants.
    pub fn claims<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.token.claims)
    }
}

impl fmt::Debug for Access {
    /// Leaves out the claims: they may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("issuer", &self.token.issuer)
            .field("client_id", &self.token.client_id)
            .field("expires", &self.token.expires)
            .finish_non_exhaustive()
    }
}
