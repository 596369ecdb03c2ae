//! The replay store that hosts are given: the same for each of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};

use crate::profile::{Profile, StoreState};

/// A replay store that counts how often it is asked.
pub struct Store {
    state: StoreState,
    epoch: Epoch,
    window: Mutex<ReplayWindow>,
    calls: AtomicU64,
}

impl Store {
    pub fn new(profile: Profile) -> Self {
        Self {
            state: profile.store(),
            epoch: profile.epoch(),
            window: Mutex::new(ReplayWindow::new(100_000, profile.epoch(), [3; 16])),
            calls: AtomicU64::new(0),
        }
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Result<ReplayAnswer, Unavailable> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let outcome = match self.state {
            StoreState::Down => return Err(Unavailable::retry_after_seconds(7)),
            StoreState::Full => ReplayOutcome::Full,
            StoreState::Working => {
                let mut window = self.window.lock().unwrap();
                window.insert(query.key, query.expires, now).into()
            }
        };
        Ok(ReplayAnswer {
            outcome,
            epoch: self.epoch,
        })
    }
}
