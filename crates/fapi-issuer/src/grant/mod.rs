//! Grants: what a token will say, decided before it is made.

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod refresh_token;
pub(crate) mod token_exchange;

use fapi_core::token::Confirmation;
use serde_json::{Map, Value};

use crate::authorization::Authorization;
use crate::mint::AccessToken;
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

/// The claim of an access token that names the authorization it came of. It is ours alone, and left out of introspection
/// answers.
pub(crate) const GRANT_ID: &str = "grant_id";

const AUTHORIZATION_DETAILS: &str = "authorization_details";

impl Grant {
    pub(crate) fn with_details(mut self, details: Vec<Value>) -> Self {
        if !details.is_empty() {
            self.claims
                .insert(AUTHORIZATION_DETAILS.to_owned(), details.into());
        }
        self
    }

    pub(crate) fn details(&self) -> &[Value] {
        let details = self.claims.get(AUTHORIZATION_DETAILS);
        details.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// What an access token says that comes of a user's authorization (RFC 9068 §2.2).
fn of_authorization(
    authorization: &Authorization,
    name: &str,
    scope: Scope,
    confirmation: Confirmation,
) -> Grant {
    let client_id = authorization.client_id.as_str();
    let mut grant = Grant::new(client_id, authorization.audience.as_str(), confirmation)
        .subject(authorization.subject.as_str())
        .scope(scope)
        .with_details(authorization.authorization_details.clone())
        // RFC 9068 §2.2.1: that of the authentication, whenever the token is made.
        .claim("auth_time", authorization.auth_time)
        .claim(GRANT_ID, name);
    if let Some(acr) = &authorization.acr {
        grant = grant.claim("acr", acr.as_str());
    }
    if !authorization.amr.is_empty() {
        grant = grant.claim("amr", authorization.amr.clone());
    }
    grant
}

/// What a token request brings.
pub(crate) struct Issued {
    pub(crate) access_token: AccessToken,
    pub(crate) scope: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
    pub(crate) authorization_details: Vec<Value>,
    /// What the access token is, where RFC 8693 §2.2.1 wants it said.
    pub(crate) issued_token_type: Option<&'static str>,
}

impl Issued {
    fn new(access_token: AccessToken, scope: &Scope) -> Self {
        Self {
            access_token,
            scope: scope.to_string(),
            refresh_token: None,
            id_token: None,
            authorization_details: Vec::new(),
            issued_token_type: None,
        }
    }
}
