//! What the pages show.

use serde_json::Value;

/// The login page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LoginView<'a> {
    /// Where the form goes: a path on this server.
    pub action: &'a str,
    /// The value of the form's hidden field `interaction`.
    pub interaction: &'a str,
    /// The value of the form's hidden field `csrf`.
    pub csrf: &'a str,
    /// The client that the user is logging in for.
    pub client_name: &'a str,
    /// What the user has typed before, or what the client thinks the user's name is (OpenID Connect Core §3.1.2.1).
    /// Anybody may have written it.
    pub login_hint: Option<&'a str>,
    /// What came of the form that was sent before.
    pub outcome: LoginOutcome,
}

/// What came of a login form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginOutcome {
    /// There was none.
    FirstTry,
    /// Name and password do not belong together, or there were too many tries.
    Wrong,
}

/// The consent page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ConsentView<'a> {
    /// Where the form goes: a path on this server.
    pub action: &'a str,
    /// The value of the form's hidden field `interaction`.
    pub interaction: &'a str,
    /// The value of the form's hidden field `csrf`.
    pub csrf: &'a str,
    /// The client that asks.
    pub client_name: &'a str,
    /// Pages of the client, as it was registered: about itself, its use of data, its terms.
    pub client_uri: Option<&'a str>,
    /// How the client uses data.
    pub policy_uri: Option<&'a str>,
    /// The client's terms of service.
    pub tos_uri: Option<&'a str>,
    /// Who is asked: the user's `name`, else the identifier.
    pub user: &'a str,
    /// The scope values that are asked for.
    pub scopes: &'a [&'a str],
    /// The names of the claims about the user that the client will see.
    pub claims: &'a [&'a str],
    /// The resource that the tokens will be for.
    pub resource: &'a str,
    /// The authorization details that are asked for (RFC 9396 §2).
    pub authorization_details: &'a [Value],
    /// The host that the browser goes to afterwards.
    pub redirect_host: &'a str,
}

/// The error page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorView<'a> {
    /// An error code of OAuth.
    pub error: &'a str,
    /// A sentence for the user.
    pub description: &'a str,
}
