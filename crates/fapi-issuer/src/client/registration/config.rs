//! What the configuration says about clients that register themselves.

use fapi_core::config::Secret;
use serde::{Deserialize, Serialize};

use crate::client::GrantType;

/// `registration`: whoever has one of the tokens may register clients (RFC 7591), and manage each of them with a token of
/// its own (RFC 7592). They are kept in the storage.
///
/// The tokens are bearer tokens, as RFC 7591 §3 has them: give them out one by one, and take them back when they have
/// served. A client that was registered with one stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct RegistrationConfig {
    /// Initial access tokens (RFC 7591 §1.2), at least one, each of at least 22 characters.
    pub initial_access_tokens: Vec<Secret>,
    /// How many clients may be kept, those that a command has added included, 1 to 100000. Default: 1000.
    #[serde(default = "max_clients")]
    pub max_clients: u32,
    /// The scope values that a client may register, separated by spaces; it gets them all if it names none. Default:
    /// `openid offline_access`.
    #[serde(default = "scope")]
    pub scope: String,
    /// The grants that a client may register. Default: `authorization_code` and `refresh_token`, which need a user.
    #[serde(default = "grant_types")]
    pub grant_types: Vec<GrantType>,
    /// The resources that a client may ask tokens for; it gets them all if it names none. Default: `default_audience`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
}

impl RegistrationConfig {
    /// Registration for whoever has this token, with the defaults.
    #[must_use]
    pub fn new(initial_access_token: Secret) -> Self {
        Self {
            initial_access_tokens: vec![initial_access_token],
            max_clients: max_clients(),
            scope: scope(),
            grant_types: grant_types(),
            audiences: Vec::new(),
        }
    }
}

const fn max_clients() -> u32 {
    1000
}

fn scope() -> String {
    "openid offline_access".to_owned()
}

fn grant_types() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
}
