//! The registered clients, checked once.

use std::collections::HashMap;

use fapi_core::KeySet;
use fapi_core::config::ConfigError;

use super::{AccessTokenFormat, Client};
use crate::registration;
use crate::scope::Scope;

/// A client, ready to be asked about.
#[derive(Debug)]
pub(crate) struct RegisteredClient {
    pub(crate) client_id: Box<str>,
    pub(crate) scope: Scope,
    pub(crate) audiences: Audiences,
    pub(crate) access_token_format: AccessTokenFormat,
    keys: KeySet,
}

impl AsRef<KeySet> for RegisteredClient {
    fn as_ref(&self) -> &KeySet {
        &self.keys
    }
}

/// The resources that a client may ask tokens for.
#[derive(Debug)]
pub(crate) struct Audiences {
    default: Box<str>,
    others: Vec<Box<str>>,
}

impl Audiences {
    pub(crate) fn default(&self) -> &str {
        &self.default
    }

    pub(crate) fn contains(&self, resource: &str) -> bool {
        *self.default == *resource || self.others.iter().any(|other| **other == *resource)
    }
}

/// All clients of an issuer.
#[derive(Debug)]
pub(crate) struct Clients {
    by_id: HashMap<Box<str>, RegisteredClient>,
    scopes: Scope,
}

impl Clients {
    pub(crate) fn new(
        clients: &[Client],
        default_audience: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut by_id = HashMap::new();
        let mut scopes = Scope::default();
        for (place, client) in clients.iter().enumerate() {
            let at = format!("clients[{place}]");
            let registered = register(client, default_audience, &at)?;
            scopes.extend(&registered.scope);
            if by_id
                .insert(client.client_id.as_str().into(), registered)
                .is_some()
            {
                return Err(ConfigError::invalid(
                    format!("{at}.client_id"),
                    "stands here twice",
                ));
            }
        }
        Ok(Self { by_id, scopes })
    }

    pub(crate) fn get(&self, client_id: &str) -> Option<&RegisteredClient> {
        self.by_id.get(client_id)
    }

    /// Every scope value that some client may ask for.
    pub(crate) const fn scopes(&self) -> &Scope {
        &self.scopes
    }
}

fn register(
    client: &Client,
    default_audience: Option<&str>,
    at: &str,
) -> Result<RegisteredClient, ConfigError> {
    let client_id = registration::id(&client.client_id, at)?;
    let keys = registration::keys(&client.jwks, at)?;
    let scope = Scope::parse(&client.scope)
        .map_err(|error| ConfigError::invalid(format!("{at}.scope"), error.to_string()))?;
    for (place, audience) in client.audiences.iter().enumerate() {
        registration::check_text(audience, || format!("{at}.audiences[{place}]"))?;
    }
    let mut audiences = client
        .audiences
        .iter()
        .map(|audience| audience.as_str().into());
    let default = audiences
        .next()
        .or(default_audience.map(Into::into))
        .ok_or_else(|| {
            ConfigError::missing(
                format!("{at}.audiences"),
                "needed without `default_audience`",
            )
        })?;
    Ok(RegisteredClient {
        client_id,
        scope,
        audiences: Audiences {
            default,
            others: audiences.collect(),
        },
        access_token_format: client.access_token_format,
        keys,
    })
}
