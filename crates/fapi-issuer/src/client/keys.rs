//! Where the public keys of a client are: registered with it, or at an address that is.

use std::sync::Arc;

use fapi_core::{KeySet, Unavailable};

use super::remote::RemoteKeySet;

/// The keys that verify what a client signs.
#[derive(Debug)]
pub(crate) enum ClientKeys {
    /// `jwks`.
    Given(Arc<KeySet>),
    /// `jwks_uri`.
    Remote(Arc<RemoteKeySet>),
}

impl ClientKeys {
    /// The keys, among which `kid` should be if a signature names one.
    ///
    /// # Errors
    ///
    /// The keys cannot be had now: nobody knows whether the client's signature is right.
    pub(crate) async fn find(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        match self {
            Self::Given(keys) => Ok(Arc::clone(keys)),
            Self::Remote(keys) => keys.find(kid).await,
        }
    }

    /// Those that are fetched.
    pub(crate) const fn remote(&self) -> Option<&Arc<RemoteKeySet>> {
        match self {
            Self::Given(_) => None,
            Self::Remote(keys) => Some(keys),
        }
    }
}
