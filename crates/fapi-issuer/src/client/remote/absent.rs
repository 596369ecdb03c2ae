//! Without the feature `remote-keys` there are none.

use std::fmt;
use std::sync::Arc;

use fapi_core::{KeySet, Unavailable};

use super::Reach;
use crate::clock::Elapsed;
use crate::uri::Http;

/// There is none.
#[derive(Debug)]
pub(crate) enum RemoteKeySet {}

impl RemoteKeySet {
    pub(crate) async fn find(
        self: &Arc<Self>,
        _: Option<&str>,
    ) -> Result<Arc<KeySet>, Unavailable> {
        match **self {}
    }

    pub(crate) async fn document(self: &Arc<Self>) -> Result<Arc<[u8]>, Unavailable> {
        match **self {}
    }
}

/// No key sets.
#[derive(Debug)]
pub(crate) struct RemoteKeySets;

impl RemoteKeySets {
    pub(crate) fn new(_: Http, _: Arc<Elapsed>) -> Self {
        Self
    }

    pub(crate) const fn at(&self, _: &str, _: Reach) -> Result<Arc<RemoteKeySet>, NoFeature> {
        Err(NoFeature)
    }
}

/// This program cannot fetch.
#[derive(Debug)]
pub(crate) struct NoFeature;

impl fmt::Display for NoFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("needs the feature `remote-keys`, which this program was built without")
    }
}
