//! The memory of one process.

use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;
use fapi_core::dpop::{Epoch, Insertion, ReplayWindow};
use fapi_core::{ReplayAnswer, ReplayQuery, Unavailable, UnixTime};
use fapi_crypto::KeyError;

use crate::measure::{Occupancy, Occupied};
use crate::ports::{Answer, ReplayStore};

/// Remembers used proofs in this process: right for a single replica.
///
/// It forgets everything on restart; proofs made before that are then answered with `use_dpop_nonce`. Two replicas with
/// a store each accept one proof once each.
///
/// After a clock that was ahead by more than the life of a proof, and is set back, the memory begins anew with another
/// epoch: what it has dropped meanwhile it could not tell from new proofs. Until the time that the clock had shown, proofs
/// need a nonce of that epoch, and clients are told so.
#[derive(Debug)]
pub struct MemoryReplayStore {
    epoch: ArcSwap<Epoch>,
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Used {
    window: ReplayWindow,
    /// The longest that a proof still had to live when it came, in seconds.
    longest: i64,
    /// The latest expiry of a proof that came: no `iat` that was accepted is later.
    latest: UnixTime,
    occupancy: Occupancy,
}

impl MemoryReplayStore {
    /// A store for `capacity` unexpired proofs, at most 32 bytes each, which remembers from `now` on.
    ///
    /// # Errors
    ///
    /// The system gave no random bytes.
    pub fn new(capacity: usize, now: UnixTime) -> Result<Self, KeyError> {
        let window = window(capacity, now)?;
        Ok(Self {
            epoch: ArcSwap::from_pointee(window.epoch()),
            used: Mutex::new(Used {
                window,
                longest: 0,
                latest: now,
                occupancy: Occupancy::new(),
            }),
        })
    }

    /// Begins anew at `now`, with a memory of which everything that was ever accepted is older.
    fn begin_anew(&self, used: &mut Used, now: UnixTime) -> Result<(), KeyError> {
        used.window = window(used.window.capacity(), now)?;
        let epoch = Epoch::new(used.window.epoch().id(), used.latest.plus(1));
        self.epoch.store(epoch.into());
        tracing::warn!(
            target: "tower_fapi",
            now = now.as_secs(),
            since = epoch.since().as_secs(),
            "the clock was far ahead and went back: until it is there again, proofs need a nonce"
        );
        Ok(())
    }
}

impl Used {
    /// Whether whatever is made now is called forgotten: the clock went back by more than a proof lives.
    fn refuses_all(&self, now: UnixTime) -> bool {
        let forgotten = self.window.forgotten_until();
        forgotten.is_some_and(|until| until.since(now) >= self.longest)
    }

    fn occupied(&mut self, now: UnixTime) -> Option<Occupied> {
        self.occupancy.read(&self.window, now)
    }
}

fn window(capacity: usize, now: UnixTime) -> Result<ReplayWindow, KeyError> {
    let epoch = Epoch::new(u64::from_ne_bytes(fapi_crypto::random_bytes()?), now);
    let hash_key = fapi_crypto::random_bytes()?;
    Ok(ReplayWindow::new(capacity, epoch, hash_key))
}

/// Nothing but a restart helps.
const POISONED: Unavailable = Unavailable::retry_after_seconds(60);

impl ReplayStore for MemoryReplayStore {
    fn epoch(&self) -> Option<Epoch> {
        Some(**self.epoch.load())
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>> {
        let mut used = match self.used.lock() {
            Ok(used) => used,
            // Somebody panicked in the middle of an insert: what the table holds is not known, so nothing is fresh.
            Err(PoisonError { .. }) => {
                return Answer::Now(Err(POISONED));
            }
        };
        let mut insertion = used.window.insert(query.key, query.expires, now);
        if insertion == Insertion::Forgotten
            && used.refuses_all(now)
            && self.begin_anew(&mut used, now).is_ok()
        {
            // The proof itself belongs to another epoch; its client learns of this one.
            insertion = used.window.insert(query.key, query.expires, now);
        }
        used.longest = used.longest.max(query.expires.since(now));
        used.latest = used.latest.max(query.expires);
        let occupied = used.occupied(now);
        drop(used);
        if let Some(occupied) = occupied {
            occupied.tell();
        }
        Answer::Now(Ok(ReplayAnswer {
            outcome: insertion.into(),
            epoch: **self.epoch.load(),
        }))
    }

    fn ready(&self, now: UnixTime) -> Answer<Result<(), Unavailable>> {
        let occupied = match self.used.lock() {
            Ok(mut used) => used.occupied(now),
            Err(PoisonError { .. }) => return Answer::Now(Err(POISONED)),
        };
        // Without requests nobody else would tell.
        if let Some(occupied) = occupied {
            occupied.tell();
        }
        Answer::Now(Ok(()))
    }
}
