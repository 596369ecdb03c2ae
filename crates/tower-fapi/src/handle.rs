//! What an operator does with a running layer: asks whether it is ready, and gives it another configuration.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use fapi_core::ResourceMetadata;
use fapi_core::config::{Config, ConfigError};

use crate::assemble::Parts;
use crate::drive::Shared;
use crate::ports::Answer;

/// What all services of one layer look at.
pub(crate) struct Live {
    current: ArcSwap<Shared>,
    parts: Parts,
    /// One at a time: what is put together goes on with the memory in force, and must replace just that.
    reloading: Mutex<()>,
}

impl Live {
    pub(crate) fn new(config: &Config, parts: Parts) -> Result<Self, ConfigError> {
        Ok(Self {
            current: ArcSwap::from_pointee(parts.assemble(config, None)?),
            parts,
            reloading: Mutex::new(()),
        })
    }

    /// The configuration in force, for one request.
    pub(crate) fn current(&self) -> Guard<Arc<Shared>> {
        self.current.load()
    }
}

/// A handle to a running [`FapiLayer`](crate::FapiLayer), for operation. Clones are handles to the same layer.
#[derive(Clone)]
pub struct FapiHandle {
    pub(crate) live: Arc<Live>,
}

/// Whether the layer can decide about requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The keys of all issuers are at hand.
    pub keys: bool,
    /// The memory of used proofs answers.
    pub replay_store: bool,
}

impl Readiness {
    /// Whether nothing is missing.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        self.keys && self.replay_store
    }
}

impl FapiHandle {
    /// Whether keys and stores are there. Where keys have to be fetched, asking starts that, so ask until they are: a
    /// process that gets no requests before it is ready would never become so.
    pub async fn ready(&self) -> Readiness {
        let shared = self.live.current.load_full();
        let replay_store = match shared.memory.store.ready((shared.clock)()) {
            Answer::Now(ready) => ready,
            Answer::Later(ready) => ready.await,
        };
        Readiness {
            keys: shared.keys.is_ready(),
            replay_store: replay_store.is_ok(),
        }
    }

    /// Puts another configuration in force. Requests that are under way are decided under the one that they met; the
    /// next ones under this one, without a moment in between.
    ///
    /// Fetched keys of an issuer go on while its `jwks_uri` does, introspection answers while the issuer's `introspection`
    /// does. Secrets are read anew.
    ///
    /// The memory of used proofs and the nonces in use go on, unless the new configuration has another store, other
    /// settings of it, other resources or origins, or proofs that live longer: then proofs made before this moment, and
    /// up to `dpop.future_seconds` after it, are asked for a nonce. So are all proofs with the nonces of another epoch.
    ///
    /// # Errors
    ///
    /// The configuration cannot be used; the one in force stays as it is.
    pub fn reload(&self, config: &Config) -> Result<(), ConfigError> {
        // Nothing is half done where somebody panicked.
        let _one_at_a_time = self
            .live
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.live.current.load_full();
        let next = self.live.parts.assemble(config, Some(&current))?;
        self.live.current.store(Arc::new(next));
        tracing::info!(target: "tower_fapi", "configuration replaced");
        Ok(())
    }

    /// The metadata (RFC 9728) of the resource at `authority`; of the only one, whatever the authority, if the
    /// configuration has one origin.
    #[must_use]
    pub fn metadata(&self, authority: Option<&str>) -> Option<ResourceMetadata> {
        let shared = self.live.current();
        shared.verifier.policy().metadata_of(authority).cloned()
    }
}

impl fmt::Debug for FapiHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FapiHandle").finish_non_exhaustive()
    }
}
