//! From a configuration to what the services share.

use std::sync::Arc;

use fapi_core::config::{Config, ConfigError};
use fapi_core::mtls::CertificatePolicy;
use fapi_core::{Policy, Verifier};

use crate::drive::{Clock, Shared};
use crate::introspect::HttpIntrospector;
use crate::keys::ConfiguredKeys;
use crate::memory::Memory;
use crate::ports::{Introspector, KeySource, ReplayStore};
use crate::report::Refusals;

/// The parts that are the application's own, in place of what the configuration describes.
pub(crate) struct Parts {
    pub(crate) keys: Option<Arc<dyn KeySource>>,
    pub(crate) introspector: Option<Arc<dyn Introspector>>,
    pub(crate) replay: Option<Arc<dyn ReplayStore>>,
    pub(crate) http: Option<reqwest::Client>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) refusals: Arc<Refusals>,
}

/// The parts that the configuration describes, for the next configuration to go on with.
pub(crate) struct Described {
    keys: Option<Arc<ConfiguredKeys>>,
    introspector: Option<Arc<HttpIntrospector>>,
}

impl Parts {
    /// Puts everything together; what was fetched and what is remembered goes over from `before`, where it still fits.
    pub(crate) fn assemble(
        &self,
        config: &Config,
        before: Option<&Shared>,
    ) -> Result<Shared, ConfigError> {
        let policy = Policy::new(config)?;
        let last = before.map(|shared| &shared.described);
        let (keys, described_keys) = self.keys(config, last)?;
        let (introspector, described_introspector) = self.introspector(config, last)?;
        let lifetime = policy.replay_lifetime_seconds();
        let remembered = before.map(|shared| &shared.memory);
        let own_store = self.replay.as_ref();
        let memory = Memory::new(config, lifetime, own_store, remembered, (self.clock)())?;
        let nonces = memory.nonce_keys(&config.dpop.nonce)?;
        Ok(Shared {
            verifier: Verifier::new(policy, &fapi_crypto::PROVIDER, nonces),
            keys,
            introspector,
            memory,
            certificates: config.mtls.as_ref().map(CertificatePolicy::new),
            clock: Arc::clone(&self.clock),
            refusals: Arc::clone(&self.refusals),
            described: Described {
                keys: described_keys,
                introspector: described_introspector,
            },
        })
    }

    fn keys(&self, config: &Config, last: Option<&Described>) -> Result<Source, ConfigError> {
        if let Some(keys) = &self.keys {
            return Ok((Arc::clone(keys), None));
        }
        let last = last.and_then(|described| described.keys.as_deref());
        let mut keys = ConfiguredKeys::builder(config).after(last);
        if let Some(client) = &self.http {
            keys = keys.client(client.clone());
        }
        let keys = Arc::new(keys.build()?);
        Ok((Arc::clone(&keys) as Arc<dyn KeySource>, Some(keys)))
    }

    fn introspector(
        &self,
        config: &Config,
        last: Option<&Described>,
    ) -> Result<Asker, ConfigError> {
        if let Some(introspector) = &self.introspector {
            return Ok((Some(Arc::clone(introspector)), None));
        }
        let mut issuers = config.issuers.iter();
        if issuers.all(|issuer| issuer.introspection.is_none()) {
            return Ok((None, None));
        }
        let last = last.and_then(|described| described.introspector.as_deref());
        let clock = Arc::clone(&self.clock);
        let mut introspector = HttpIntrospector::builder(config)
            .after(last)
            .clock(move || clock());
        if let Some(client) = &self.http {
            introspector = introspector.client(client.clone());
        }
        let introspector = Arc::new(introspector.build()?);
        let port = Arc::clone(&introspector) as Arc<dyn Introspector>;
        Ok((Some(port), Some(introspector)))
    }
}

/// A port, and what the configuration describes if it is that.
type Source = (Arc<dyn KeySource>, Option<Arc<ConfiguredKeys>>);
type Asker = (Option<Arc<dyn Introspector>>, Option<Arc<HttpIntrospector>>);
