//! Keys that stand in the configuration.

use std::sync::Arc;

use fapi_core::config::{Config, ConfigError};
use fapi_core::{KeySet, KeysQuery, Unavailable};

use crate::ports::{Answer, KeySource};

/// The key sets of `issuers[].jwks`: they change when the configuration does.
#[derive(Debug)]
pub(crate) struct StaticKeys {
    sets: Vec<(Box<str>, Arc<KeySet>)>,
}

impl StaticKeys {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut sets = Vec::new();
        for (place, issuer) in config.issuers.iter().enumerate() {
            if issuer.jwks_uri.is_some() {
                return Err(ConfigError::not_supported(format!(
                    "issuers[{place}].jwks_uri"
                )));
            }
            let path = || format!("issuers[{place}].jwks");
            let Some(jwks) = &issuer.jwks else {
                let reason = "discovery is not supported yet, so the key set must stand here";
                return Err(ConfigError::missing(path(), reason));
            };
            let keys = KeySet::from_json(jwks.as_json().as_bytes())
                .map_err(|error| ConfigError::invalid(path(), error.to_string()))?;
            sets.push((issuer.issuer.as_str().into(), Arc::new(keys)));
        }
        Ok(Self { sets })
    }
}

impl KeySource for StaticKeys {
    fn known(&self, issuer: &str) -> Option<Arc<KeySet>> {
        self.sets
            .iter()
            .find(|(name, _)| **name == *issuer)
            .map(|(_, keys)| Arc::clone(keys))
    }

    fn fetch(&self, query: KeysQuery<'_>) -> Answer<Result<Arc<KeySet>, Unavailable>> {
        // There is nothing newer, so a key that is not in the set is not the issuer's.
        Answer::Now(
            self.known(query.issuer)
                .ok_or(Unavailable::retry_after_seconds(60)),
        )
    }
}
