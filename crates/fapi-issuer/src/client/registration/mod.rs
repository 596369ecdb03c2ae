//! Clients that register themselves while the server runs (RFC 7591).

mod config;
mod metadata;

use fapi_core::config::ConfigError;

pub use config::RegistrationConfig;
pub(crate) use metadata::{MetadataProblem, describe};

use super::GrantType;
use crate::config::Config;
use crate::scope::Scope;
use crate::secret;
use crate::storage::Digest;

/// An initial access token must be as hard to guess as any other: 128 bits in base64url.
const MIN_TOKEN_BYTES: usize = 22;

/// Who may register clients, and what these may have.
#[derive(Debug)]
pub(crate) struct Registration {
    initial_access_tokens: Vec<Digest>,
    max_clients: usize,
    pub(crate) scope: Scope,
    pub(crate) grant_types: Vec<GrantType>,
    pub(crate) audiences: Vec<String>,
}

impl Registration {
    pub(crate) fn new(config: &Config) -> Result<Option<Self>, ConfigError> {
        let Some(registration) = &config.registration else {
            return Ok(None);
        };
        let initial_access_tokens = tokens(registration)?;
        let invalid =
            |field, problem: String| ConfigError::invalid(format!("registration.{field}"), problem);
        let scope = Scope::parse(&registration.scope)
            .map_err(|error| invalid("scope", error.to_string()))?;
        let max_clients = match registration.max_clients {
            clients @ 1..=100_000 => usize::try_from(clients).unwrap_or(usize::MAX),
            _ => {
                return Err(invalid(
                    "max_clients",
                    "must be between 1 and 100000".to_owned(),
                ));
            }
        };
        let mut audiences = registration.audiences.clone();
        if audiences.is_empty() {
            audiences.extend(config.default_audience.clone());
        }
        if audiences.is_empty() {
            return Err(ConfigError::missing(
                "registration.audiences",
                "needed without `default_audience`",
            ));
        }
        Ok(Some(Self {
            initial_access_tokens,
            max_clients,
            scope,
            grant_types: registration.grant_types.clone(),
            audiences,
        }))
    }

    /// Whether whoever presents this may register a client. Digests are compared: how long it takes tells nothing.
    pub(crate) fn allows(&self, token: &str) -> bool {
        self.initial_access_tokens.contains(&Digest::of(token))
    }

    /// Whether one more client may be registered where there are so many.
    pub(crate) const fn has_room(&self, clients: usize) -> bool {
        clients < self.max_clients
    }
}

fn tokens(config: &RegistrationConfig) -> Result<Vec<Digest>, ConfigError> {
    let path = "registration.initial_access_tokens";
    if config.initial_access_tokens.is_empty() {
        return Err(ConfigError::invalid(path, "must not be empty"));
    }
    let tokens = config.initial_access_tokens.iter().enumerate();
    tokens
        .map(|(place, token)| {
            let path = format!("{path}[{place}]");
            let token = secret::read(token, &path)?;
            let token = token.trim_end();
            if token.len() < MIN_TOKEN_BYTES {
                let problem = format!("must have at least {MIN_TOKEN_BYTES} characters");
                return Err(ConfigError::invalid(path, problem));
            }
            Ok(Digest::of(token))
        })
        .collect()
}
