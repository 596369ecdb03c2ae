//! The memory of one process.

use std::sync::{Mutex, PoisonError};

use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{ReplayAnswer, ReplayQuery, Unavailable, UnixTime};
use fapi_crypto::KeyError;

use crate::ports::{Answer, ReplayStore};

/// Remembers used proofs in this process: right for a single replica.
///
/// It forgets everything on restart; proofs made before that are then answered with `use_dpop_nonce`. Two replicas with
/// a store each accept one proof once each.
#[derive(Debug)]
pub struct MemoryReplayStore {
    epoch: Epoch,
    window: Mutex<ReplayWindow>,
}

impl MemoryReplayStore {
    /// A store for `capacity` unexpired proofs, at most 32 bytes each, which remembers from `now` on.
    ///
    /// # Errors
    ///
    /// The system gave no random bytes.
    pub fn new(capacity: usize, now: UnixTime) -> Result<Self, KeyError> {
        let epoch = Epoch::new(u64::from_ne_bytes(fapi_crypto::random_bytes()?), now);
        let hash_key = fapi_crypto::random_bytes()?;
        Ok(Self {
            epoch,
            window: Mutex::new(ReplayWindow::new(capacity, epoch, hash_key)),
        })
    }
}

impl ReplayStore for MemoryReplayStore {
    fn epoch(&self) -> Option<Epoch> {
        Some(self.epoch)
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>> {
        let mut window = match self.window.lock() {
            Ok(window) => window,
            // Somebody panicked in the middle of an insert: what the table holds is not known, so nothing is fresh.
            Err(PoisonError { .. }) => {
                return Answer::Now(Err(Unavailable::retry_after_seconds(60)));
            }
        };
        Answer::Now(Ok(ReplayAnswer {
            outcome: window.insert(query.key, query.expires, now).into(),
            epoch: self.epoch,
        }))
    }
}
