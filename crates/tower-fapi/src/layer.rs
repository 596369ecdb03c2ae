//! `FapiLayer`, and how it is put together from a configuration.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fapi_core::UnixTime;
use fapi_core::config::{Config, ConfigError};
use tower_layer::Layer;

use crate::assemble::Parts;
use crate::drive::Clock;
use crate::handle::{FapiHandle, Live};
use crate::measure;
use crate::ports::{Introspector, KeySource, ReplayStore};
use crate::report::Refusals;
use crate::service::Fapi;
use crate::target::Hooks;

/// Lets only requests through whose sender has proven that the access token is theirs.
///
/// See the [crate's documentation](crate) for an example. Clones share keys, caches and the memory of used proofs.
#[derive(Clone)]
pub struct FapiLayer {
    live: Arc<Live>,
    hooks: Hooks,
}

impl FapiLayer {
    /// A layer for this configuration.
    ///
    /// # Errors
    ///
    /// The configuration contradicts itself or asks for what this version does not do; the error names the field.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Self::builder(config).build()
    }

    /// A layer for this configuration with parts of the application's own.
    pub fn builder(config: Config) -> FapiLayerBuilder {
        FapiLayerBuilder {
            config,
            keys: None,
            introspector: None,
            replay: None,
            http: None,
            clock: Arc::new(system_time),
            hooks: Hooks::PLAIN,
        }
    }

    /// A layer that may stand anywhere in an axum application, inside nested routers too.
    ///
    /// A nested router takes its prefix off the path; the proof names the whole one, which axum keeps as `OriginalUri`.
    /// [`FapiLayer::new`] would refuse every request there.
    ///
    /// # Errors
    ///
    /// As [`FapiLayer::new`].
    #[cfg(feature = "axum")]
    pub fn for_axum(config: Config) -> Result<Self, ConfigError> {
        Self::builder(config).for_axum().build()
    }
}

impl FapiLayer {
    /// A handle for operation: readiness, another configuration, metadata.
    #[must_use]
    pub fn handle(&self) -> FapiHandle {
        FapiHandle {
            live: Arc::clone(&self.live),
        }
    }
}

impl<S> Layer<S> for FapiLayer {
    type Service = Fapi<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fapi::new(inner, Arc::clone(&self.live), self.hooks)
    }
}

impl fmt::Debug for FapiLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FapiLayer")
            .field("policy", self.live.current().verifier.policy())
            .finish_non_exhaustive()
    }
}

/// Puts a [`FapiLayer`] together from a configuration and parts of the application's own.
#[must_use]
pub struct FapiLayerBuilder {
    config: Config,
    keys: Option<Arc<dyn KeySource>>,
    introspector: Option<Arc<dyn Introspector>>,
    replay: Option<Arc<dyn ReplayStore>>,
    http: Option<reqwest::Client>,
    clock: Arc<Clock>,
    hooks: Hooks,
}

impl FapiLayerBuilder {
    /// Takes the issuers' keys from here, not from the configuration.
    pub fn key_source(mut self, keys: impl KeySource) -> Self {
        self.keys = Some(Arc::new(keys));
        self
    }

    /// Asks here about reference tokens.
    pub fn introspector(mut self, introspector: impl Introspector) -> Self {
        self.introspector = Some(Arc::new(introspector));
        self
    }

    /// Remembers used proofs here, not in the store that the configuration names.
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.replay = Some(Arc::new(store));
        self
    }

    /// Fetches keys and introspects tokens with this client: with a private CA, a client certificate, a proxy. Begin with
    /// [`keys::client_builder`](crate::keys::client_builder), which follows no redirects.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Tells the layer the time. For tests that must not wait; the default is the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// As [`FapiLayer::for_axum`].
    #[cfg(feature = "axum")]
    pub fn for_axum(mut self) -> Self {
        self.hooks = crate::extract::AXUM;
        self
    }

    /// Builds the layer. It starts no task and opens no connection.
    ///
    /// # Errors
    ///
    /// As [`FapiLayer::new`].
    pub fn build(self) -> Result<FapiLayer, ConfigError> {
        measure::describe();
        let parts = Parts {
            keys: self.keys,
            introspector: self.introspector,
            replay: self.replay,
            http: self.http,
            clock: self.clock,
            refusals: Arc::new(Refusals::new()),
        };
        Ok(FapiLayer {
            live: Arc::new(Live::new(&self.config, parts)?),
            hooks: self.hooks,
        })
    }
}

impl fmt::Debug for FapiLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FapiLayerBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The system's clock in whole seconds.
fn system_time() -> UnixTime {
    let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, i64::saturating_neg)
        }
    };
    UnixTime::from_secs(seconds)
}
