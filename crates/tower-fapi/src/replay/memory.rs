//! The memory of one process.

use std::sync::{Mutex, PoisonError};

use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{ReplayAnswer, ReplayQuery, Unavailable, UnixTime};
use fapi_crypto::KeyError;

use crate::measure::{Occupancy, Occupied};
use crate::ports::{Answer, ReplayStore};

/// Remembers used proofs in this process: right for a single replica.
///
/// It forgets everything on restart; proofs made before that are then answered with `use_dpop_nonce`. Two replicas with
/// a store each accept one proof once each.
#[derive(Debug)]
pub struct MemoryReplayStore {
    epoch: Epoch,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    window: ReplayWindow,
    occupancy: Occupancy,
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
            held: Mutex::new(Held {
                window: ReplayWindow::new(capacity, epoch, hash_key),
                occupancy: Occupancy::new(),
            }),
        })
    }
}

/// Nothing but a restart helps.
const POISONED: Unavailable = Unavailable::retry_after_seconds(60);

impl ReplayStore for MemoryReplayStore {
    fn epoch(&self) -> Option<Epoch> {
        Some(self.epoch)
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>> {
        let mut held = match self.held.lock() {
            Ok(held) => held,
            // Somebody panicked in the middle of an insert: what the table holds is not known, so nothing is fresh.
            Err(PoisonError { .. }) => {
                return Answer::Now(Err(POISONED));
            }
        };
        let outcome = held.window.insert(query.key, query.expires, now).into();
        let occupied = held.occupied(now);
        drop(held);
        if let Some(occupied) = occupied {
            occupied.tell();
        }
        Answer::Now(Ok(ReplayAnswer {
            outcome,
            epoch: self.epoch,
        }))
    }

    fn ready(&self, now: UnixTime) -> Answer<Result<(), Unavailable>> {
        let occupied = match self.held.lock() {
            Ok(mut held) => held.occupied(now),
            Err(PoisonError { .. }) => return Answer::Now(Err(POISONED)),
        };
        // Without requests nobody else would tell.
        if let Some(occupied) = occupied {
            occupied.tell();
        }
        Answer::Now(Ok(()))
    }
}

impl Held {
    fn occupied(&mut self, now: UnixTime) -> Option<Occupied> {
        self.occupancy.read(&self.window, now)
    }
}
