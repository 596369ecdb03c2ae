//! The issuers' keys: written in the configuration, or fetched by one worker for all.
//!
//! What was fetched, and when it is fetched again, stands in the shared data. The rules are those of the tower layer
//! ([`fapi_core::fetch`]); the clock is Envoy's. One worker at a time fetches, from its root context, under a lease that
//! ends by itself. The others look on each tick whether there is something new.

mod fetched;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use fapi_core::config::{Config, ConfigError, IssuerConfig};
use fapi_core::{KeySet, KnownKeys, Unavailable};

use crate::area::Area;
use crate::call::{Clusters, PlainHttp};
use crate::host::Host;
pub(crate) use fetched::{Fetched, Progress};

/// The keys of all issuers.
pub(crate) struct Keys<H> {
    issuers: Vec<(Box<str>, Source<H>)>,
}

/// The keys of one issuer.
enum Source<H> {
    /// They change when the configuration does.
    Inline(Arc<KeySet>),
    Fetched(Box<Fetched<H>>),
}

/// What a request that needs keys is told.
pub(crate) enum Asked {
    /// Go on with these, or without.
    Answer(Result<Arc<KeySet>, Unavailable>),
    /// They are being fetched.
    Wait,
}

/// What all issuers share.
#[derive(Clone)]
pub(crate) struct Surroundings<H> {
    pub(crate) host: H,
    pub(crate) area: Area,
    pub(crate) clusters: Clusters,
    pub(crate) http: PlainHttp,
    pub(crate) timeout: Duration,
    pub(crate) metadata_bytes: usize,
    pub(crate) key_set_bytes: usize,
}

impl<H: Host> Keys<H> {
    pub(crate) fn new(
        config: &Config,
        surroundings: &Surroundings<H>,
    ) -> Result<Self, ConfigError> {
        let mut issuers = Vec::with_capacity(config.issuers.len());
        for (place, issuer) in config.issuers.iter().enumerate() {
            let source = match &issuer.jwks {
                Some(jwks) => Source::Inline(inline(jwks.as_json(), place)?),
                None => Source::Fetched(Box::new(fetched(issuer, surroundings, place)?)),
            };
            issuers.push((issuer.issuer.as_str().into(), source));
        }
        Ok(Self { issuers })
    }

    /// Whether there are keys of every issuer that may be used now.
    pub(crate) fn are_ready(&self, now: Duration) -> bool {
        self.issuers.iter().all(|(_, source)| match source {
            Source::Inline(_) => true,
            Source::Fetched(fetched) => fetched.usable(now).is_some(),
        })
    }

    /// Those that were fetched, with their places.
    pub(crate) fn fetched(&mut self) -> impl Iterator<Item = (usize, &mut Fetched<H>)> {
        let sources = self.issuers.iter_mut().enumerate();
        sources.filter_map(|(place, (_, source))| match source {
            Source::Inline(_) => None,
            Source::Fetched(fetched) => Some((place, &mut **fetched)),
        })
    }

    pub(crate) fn place_of(&self, issuer: &str) -> Option<usize> {
        self.issuers.iter().position(|(name, _)| **name == *issuer)
    }

    /// Gets the keys of an issuer, again if `kid` is not among them and the allowance permits.
    pub(crate) fn ask(&mut self, place: usize, kid: Option<&str>, now: Duration) -> Asked {
        match self.issuers.get_mut(place) {
            // There is nothing newer, so a key that is not in the set is not the issuer's.
            Some((_, Source::Inline(keys))) => Asked::Answer(Ok(Arc::clone(keys))),
            Some((_, Source::Fetched(fetched))) => fetched.ask(kid, now),
            None => Asked::Answer(Err(Unavailable::retry_after_seconds(60))),
        }
    }

    /// The keys as they are now.
    pub(crate) fn outcome(
        &self,
        place: usize,
        kid: Option<&str>,
        now: Duration,
    ) -> Result<Arc<KeySet>, Unavailable> {
        match self.issuers.get(place) {
            Some((_, Source::Inline(keys))) => Ok(Arc::clone(keys)),
            Some((_, Source::Fetched(fetched))) => fetched.outcome(kid, now),
            None => Err(Unavailable::retry_after_seconds(60)),
        }
    }
}

/// The keys at one moment, as the core sees them.
pub(crate) struct At<'a, H>(pub(crate) &'a Keys<H>, pub(crate) Duration);

impl<H: Host> KnownKeys for At<'_, H> {
    fn key_set(&self, issuer: &str) -> Option<Arc<KeySet>> {
        let (_, source) = self.0.issuers.iter().find(|(name, _)| **name == *issuer)?;
        match source {
            Source::Inline(keys) => Some(Arc::clone(keys)),
            Source::Fetched(fetched) => fetched.usable(self.1).cloned(),
        }
    }
}

fn inline(json: &str, place: usize) -> Result<Arc<KeySet>, ConfigError> {
    KeySet::from_json(json.as_bytes())
        .map(Arc::new)
        .map_err(|error| ConfigError::invalid(format!("issuers[{place}].jwks"), error.to_string()))
}

fn fetched<H: Host>(
    issuer: &IssuerConfig,
    surroundings: &Surroundings<H>,
    place: usize,
) -> Result<Fetched<H>, ConfigError> {
    let field = match &issuer.jwks_uri {
        Some(_) => format!("issuers[{place}].jwks_uri"),
        None => format!("issuers[{place}].issuer"),
    };
    Fetched::new(issuer, surroundings.clone(), &field)
}
