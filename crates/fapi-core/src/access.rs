//! The witness that a request passed every check.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::challenge::Challenge;
use crate::config::Mode;
use crate::denial::Denial;
use crate::rules::{AuthorizationDetails, MalformedAuthorizationDetails, PolicyError, Requirement};
use crate::time::UnixTime;
use crate::token::{Confirmation, Scope, VerifiedToken};
use crate::verifier::{Terms, Verifier};

/// Proof that a request carried a valid access token and that its sender is the one it was issued to.
///
/// Only the verifier makes one, so code that holds an `Access` need not check again. Cloning it is cheap.
#[derive(Clone)]
pub struct Access {
    token: Arc<VerifiedToken>,
    verifier: Arc<Verifier>,
    terms: Terms,
}

impl Access {
    pub(crate) const fn new(
        token: Arc<VerifiedToken>,
        verifier: Arc<Verifier>,
        terms: Terms,
    ) -> Self {
        Self {
            token,
            verifier,
            terms,
        }
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

    /// What the token's `authorization_details` grant at the resource that the request came to (RFC 9396 §9); nothing if
    /// the token has none. They are read anew each time.
    ///
    /// # Errors
    ///
    /// They are malformed: nothing of them counts.
    pub fn authorization_details(
        &self,
    ) -> Result<AuthorizationDetails, MalformedAuthorizationDetails> {
        let resource = self.verifier.policy().resource_at(self.terms.origin);
        AuthorizationDetails::read(&self.token.claims, resource)
    }

    /// Whether the token has what is asked for, at the time `now`. It is judged as by a rule of the configuration.
    ///
    /// # Errors
    ///
    /// What it lacks. [`challenge`](Self::challenge) says it to the client, and [`mode`](Self::mode) whether it is to be
    /// refused at all.
    pub fn require(
        &self,
        requirement: &Arc<Requirement>,
        now: UnixTime,
    ) -> Result<(), PolicyError> {
        let policy = self.verifier.policy();
        let view = policy.view(&self.token, self.terms.origin);
        requirement.check(&view, now, policy.future())
    }

    /// Whether the request met a rule, or else a configuration, that refuses or one that only reports.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.terms.mode
    }

    /// The answer to the request, should it be refused after all.
    #[must_use]
    pub fn challenge(&self, denial: &Denial) -> Challenge {
        let policy = self.verifier.policy();
        Challenge::at_origin(denial, policy, policy.origin_at(self.terms.origin))
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
