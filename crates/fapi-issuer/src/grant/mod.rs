//! Grants: what a token will say, decided before it is made.

pub(crate) mod client_credentials;

use fapi_core::token::Confirmation;
use serde_json::{Map, Value};

use crate::scope::Scope;

/// What an access token is issued for. It names the key or certificate of its sender: a token that is bound to nothing
/// cannot be expressed.
///
/// ```
/// use fapi_core::jose::Thumbprint;
/// use fapi_core::token::Confirmation;
/// use fapi_issuer::{Grant, Scope};
///
/// let jkt = Thumbprint::from_bytes([7; 32]);
/// let grant = Grant::new("my-client", "https://api.example.com", Confirmation::Key(jkt))
///     .subject("alice")
///     .scope(Scope::parse("accounts")?)
///     .claim("acr", "urn:example:loa:3");
/// assert_eq!(grant.subject, "alice");
/// # Ok::<(), fapi_issuer::InvalidScope>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Grant {
    /// Whom the token stands for (`sub`).
    pub subject: String,
    /// Who asked for it (`client_id`).
    pub client_id: String,
    /// The resource that it is for (`aud`).
    pub audience: String,
    /// What it allows (`scope`); left out of the token if empty.
    pub scope: Scope,
    /// What its sender must prove to have (`cnf`).
    pub confirmation: Confirmation,
    /// Further claims.
    pub claims: Map<String, Value>,
}

impl Grant {
    /// A grant to a client on its own behalf: it is the subject (RFC 9068 §2.2).
    #[must_use]
    pub fn new(
        client_id: impl Into<String>,
        audience: impl Into<String>,
        confirmation: Confirmation,
    ) -> Self {
        let client_id = client_id.into();
        Self {
            subject: client_id.clone(),
            client_id,
            audience: audience.into(),
            scope: Scope::default(),
            confirmation,
            claims: Map::new(),
        }
    }

    /// Another subject than the client.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// What the token allows.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Adds a claim. The claims that the issuer writes itself are refused by [`Issuer::mint`](crate::Issuer::mint).
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }
}
