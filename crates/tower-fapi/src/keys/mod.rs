//! The issuers' keys as the configuration tells: written in it, fetched from a `jwks_uri`, or found by discovery.
//!
//! Where the process can reach its issuers only through a proxy, or they have certificates of a private authority, give
//! [`ConfiguredKeysBuilder::client`] a client that knows: the environment's proxy variables are not looked at.
//!
//! ```
//! use tower_fapi::keys::ConfiguredKeys;
//! use tower_fapi::{FapiConfig, FapiLayer, IssuerConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = FapiConfig::builder("https://api.example.com")
//!     .issuer(IssuerConfig::new("https://as.example.com"))
//!     .build()?;
//! // Nothing is fetched yet: that begins with the first request, or with `is_ready`.
//! let keys = ConfiguredKeys::new(&config)?;
//! let layer = FapiLayer::builder(config).key_source(keys).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! [The guide](crate::guide::keys) says what is fetched, how long it counts, and what happens while it cannot be fetched.

mod discovery;
mod error;
mod fetched;
mod http;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fapi_core::config::{Config, ConfigError, IssuerConfig};
use fapi_core::{KeySet, KeysQuery, Unavailable};

use crate::ports::{Answer, KeySource};
use discovery::{Place, PlainHttp};
use fetched::{FetchedKeys, Surroundings};
use http::Limits;

pub use error::{Document, FetchError, FetchProblem};
pub use http::client_builder;

/// The keys of all issuers of a configuration. See the [module's documentation](self).
pub struct ConfiguredKeys {
    issuers: Vec<(Box<str>, Keys)>,
    /// There if any keys are fetched.
    surroundings: Option<Arc<Surroundings>>,
}

/// The keys of one issuer.
enum Keys {
    /// They change when the configuration does.
    Inline(Arc<KeySet>),
    Fetched(Arc<FetchedKeys>),
}

/// What happened to an issuer's keys, for counters.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum KeysEvent<'a> {
    /// They were fetched, and count from now on.
    Fetched {
        /// The issuer, as the configuration names it.
        issuer: &'a str,
    },
    /// They could not be fetched: those at hand stay.
    Failed {
        /// The issuer, as the configuration names it.
        issuer: &'a str,
        /// What went wrong.
        error: &'a FetchError,
    },
    /// A token named a `kid` that the set lacks, too soon after others did: nothing was fetched.
    CoolingDown {
        /// The issuer, as the configuration names it.
        issuer: &'a str,
    },
}

impl ConfiguredKeys {
    /// The keys that `config` names, fetched with a client of [`client_builder`].
    ///
    /// # Errors
    ///
    /// As [`ConfiguredKeysBuilder::build`].
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Self::builder(config).build()
    }

    /// The keys that `config` names, with parts of the application's own.
    pub fn builder(config: &Config) -> ConfiguredKeysBuilder<'_> {
        ConfiguredKeysBuilder {
            config,
            before: None,
            client: None,
            clock: None,
            observer: None,
        }
    }

    /// Whether there are keys of every issuer that may be used now.
    ///
    /// Inside a tokio runtime it also starts to fetch those that are missing, so that a process that gets no requests
    /// before it is ready becomes ready.
    pub fn is_ready(&self) -> bool {
        // Each is asked, so that all that are missing are fetched at once.
        let missing = self.issuers.iter().filter(|(_, keys)| match keys {
            Keys::Inline(_) => false,
            Keys::Fetched(keys) => !keys.is_ready(),
        });
        missing.count() == 0
    }

    fn of(&self, issuer: &str) -> Option<&Keys> {
        self.issuers
            .iter()
            .find(|(name, _)| **name == *issuer)
            .map(|(_, keys)| keys)
    }
}

impl KeySource for ConfiguredKeys {
    fn is_ready(&self) -> bool {
        Self::is_ready(self)
    }

    fn known(&self, issuer: &str) -> Option<Arc<KeySet>> {
        match self.of(issuer)? {
            Keys::Inline(keys) => Some(Arc::clone(keys)),
            Keys::Fetched(keys) => keys.known(),
        }
    }

    fn fetch(&self, query: KeysQuery<'_>) -> Answer<Result<Arc<KeySet>, Unavailable>> {
        match self.of(query.issuer) {
            // There is nothing newer, so a key that is not in the set is not the issuer's.
            Some(Keys::Inline(keys)) => Answer::Now(Ok(Arc::clone(keys))),
            Some(Keys::Fetched(keys)) => keys.fetch(query.kid),
            None => Answer::Now(Err(Unavailable::retry_after_seconds(60))),
        }
    }
}

impl fmt::Debug for ConfiguredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.issuers.iter().map(|(issuer, _)| issuer))
            .finish()
    }
}

/// Puts [`ConfiguredKeys`] together.
#[must_use]
pub struct ConfiguredKeysBuilder<'a> {
    config: &'a Config,
    before: Option<&'a ConfiguredKeys>,
    client: Option<reqwest::Client>,
    clock: Option<Arc<Monotonic>>,
    observer: Option<Arc<Observer>>,
}

/// Tells how much time has passed since some moment.
type Monotonic = dyn Fn() -> Duration + Send + Sync;

/// Is told of events.
type Observer = dyn Fn(KeysEvent<'_>) + Send + Sync;

impl<'a> ConfiguredKeysBuilder<'a> {
    /// Goes on with the keys that `before` has fetched, for a configuration that replaces its own.
    pub(crate) fn after(mut self, before: Option<&'a ConfiguredKeys>) -> Self {
        self.before = before;
        self
    }

    /// Fetches with this client: for a private certificate authority, a client certificate or a proxy.
    ///
    /// Begin with [`client_builder`]. A client made otherwise may follow redirects, and then asks addresses that an
    /// issuer's server names before the answer is refused here.
    pub fn client(mut self, client: reqwest::Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Measures ages and cool-downs by this clock: it tells how much time has passed since some moment, and never goes
    /// back. For tests; the default is [`Instant`]. Time-outs do not follow it.
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Tells `observer` what happens. It is called while requests wait, and must neither block nor panic.
    pub fn observer(mut self, observer: impl Fn(KeysEvent<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Builds the key source. It starts no task and opens no connection.
    ///
    /// # Errors
    ///
    /// An inline key set cannot be read or an address cannot be used (the error names the field), or the system's
    /// certificate authorities cannot be loaded (the error names `http`).
    pub fn build(self) -> Result<ConfiguredKeys, ConfigError> {
        let (config, before) = (self.config, self.before);
        let is_inline = |issuer: &IssuerConfig| issuer.jwks.is_some();
        let surroundings = if config.issuers.iter().all(is_inline) {
            None
        } else {
            Some(self.surroundings()?)
        };
        let mut issuers = Vec::with_capacity(config.issuers.len());
        for (place, issuer) in config.issuers.iter().enumerate() {
            let keys = match &surroundings {
                Some(surroundings) if !is_inline(issuer) => {
                    let place = Place::of(issuer, surroundings.plain_http, place)?;
                    Keys::Fetched(match before.and_then(|keys| keys.of(&issuer.issuer)) {
                        Some(Keys::Fetched(keys)) => keys.continued(place, surroundings),
                        _ => FetchedKeys::new(&issuer.issuer, place, Arc::clone(surroundings)),
                    })
                }
                _ => Keys::Inline(inline(issuer, place)?),
            };
            issuers.push((issuer.issuer.as_str().into(), keys));
        }
        Ok(ConfiguredKeys {
            issuers,
            surroundings,
        })
    }

    /// Those of before, if nothing that they are made of has changed.
    fn surroundings(self) -> Result<Arc<Surroundings>, ConfigError> {
        let config = self.config;
        let http = config.http.clone().unwrap_or_default();
        let plain_http = PlainHttp::of(config);
        let before = self.before.and_then(|keys| keys.surroundings.as_ref());
        if let Some(before) = before
            && (before.http == http && before.plain_http == plain_http)
        {
            return Ok(Arc::clone(before));
        }
        let client = match self.client {
            Some(client) => client,
            None => client_builder(config).build().map_err(|error| {
                ConfigError::invalid("http", format!("no client: {}", error::chain(error)))
            })?,
        };
        // The times of keys that are at hand go on by the clock that they were measured with.
        let (clock, observer) = match before {
            Some(before) => (Arc::clone(&before.clock), Arc::clone(&before.observer)),
            None => (
                self.clock.unwrap_or_else(|| {
                    let start = Instant::now();
                    Arc::new(move || start.elapsed())
                }),
                self.observer.unwrap_or_else(|| Arc::new(|_| {})),
            ),
        };
        Ok(Arc::new(Surroundings {
            client,
            limits: Limits::of(config),
            plain_http,
            clock,
            observer,
            http,
        }))
    }
}

impl fmt::Debug for ConfiguredKeysBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredKeysBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn inline(issuer: &IssuerConfig, place: usize) -> Result<Arc<KeySet>, ConfigError> {
    let json = issuer.jwks.as_ref().map_or("", |jwks| jwks.as_json());
    KeySet::from_json(json.as_bytes())
        .map(Arc::new)
        .map_err(|error| ConfigError::invalid(format!("issuers[{place}].jwks"), error.to_string()))
}
