//! One key set at an address, fetched when needed by one task at a time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fapi_core::fetch::{Next, Schedule};
use fapi_core::{KeySet, Unavailable};
use reqwest::{Client, Url};
use tokio::sync::OwnedMutexGuard;

use super::fetch::{self, TIMEOUT};
use crate::clock::Elapsed;

/// The key set of a client.
pub(crate) struct RemoteKeySet {
    url: Url,
    client: Client,
    elapsed: Arc<Elapsed>,
    schedule: Mutex<Schedule>,
    /// The last document that could be used.
    document: Mutex<Arc<[u8]>>,
    /// Whoever holds it fetches.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl RemoteKeySet {
    pub(super) fn new(url: Url, client: Client, elapsed: Arc<Elapsed>) -> Self {
        Self {
            url,
            client,
            elapsed,
            schedule: Mutex::new(Schedule::new(TIMEOUT)),
            document: Mutex::new(Arc::default()),
            turn: Arc::default(),
        }
    }

    /// The keys. They are fetched again if `kid` is not among them, but not for everybody who names one.
    ///
    /// # Errors
    ///
    /// There are none that may be used now.
    pub(crate) async fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
    ) -> Result<Arc<KeySet>, Unavailable> {
        if let Some(keys) = self.at_hand(kid) {
            return Ok(keys);
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let next = self.schedule().next(kid, self.now());
        match next {
            // Perhaps somebody else has fetched them meanwhile.
            Next::Answer(answer) | Next::CoolDown(answer) => answer,
            Next::Fetch => {
                // A task of its own: it goes on if the request that began it is given up, or whoever opens and closes
                // connections would have the keys fetched each time.
                let fetch = tokio::spawn(Arc::clone(self).fetch(turn));
                if fetch.await.is_err() {
                    tracing::error!(jwks_uri = %self, "fetching a client's keys was cut off");
                }
                self.schedule().outcome(kid, self.now())
            }
        }
    }

    /// The document with the keys, for those among them that verify nothing.
    ///
    /// # Errors
    ///
    /// There is none that may be used now.
    pub(crate) async fn document(self: &Arc<Self>) -> Result<Arc<[u8]>, Unavailable> {
        self.find(None).await?;
        Ok(Arc::clone(&self.last_document()))
    }

    /// The keys without waiting. Has them fetched again before they are old.
    fn at_hand(self: &Arc<Self>, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let now = self.now();
        let (keys, due) = {
            let schedule = self.schedule();
            let keys = Arc::clone(schedule.usable(now)?);
            (keys, schedule.refresh_is_due(now))
        };
        if kid.is_some_and(|kid| !keys.has_kid(kid)) {
            return None;
        }
        if due && let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            tokio::spawn(Arc::clone(self).fetch(turn));
        }
        Some(keys)
    }

    async fn fetch(self: Arc<Self>, _turn: OwnedMutexGuard<()>) {
        let began = self.now();
        match fetch::key_set(&self.client, &self.url).await {
            Ok(fetched) => {
                *self.last_document() = fetched.document.into();
                let keys = Arc::new(fetched.keys);
                self.schedule().succeeded(keys, fetched.lifetime, began);
            }
            Err(problem) => {
                let now = self.now();
                let failures = self.schedule().failed(now);
                let at_hand = self.schedule().usable(now).is_some();
                tracing::warn!(
                    jwks_uri = %self, %problem, failures, at_hand, "could not fetch a client's keys"
                );
            }
        }
    }

    fn now(&self) -> Duration {
        (self.elapsed)()
    }

    fn last_document(&self) -> MutexGuard<'_, Arc<[u8]>> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        // No panic can leave it half changed.
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address without its query, which may hold a secret.
impl fmt::Display for RemoteKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url;
        write!(f, "{}{}", url.origin().ascii_serialization(), url.path())
    }
}

impl fmt::Debug for RemoteKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteKeySet")
            .field(&self.to_string())
            .finish()
    }
}
