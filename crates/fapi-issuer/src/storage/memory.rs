//! Everything in this process. A restart forgets it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{ReplayOutcome, UnixTime};
use fapi_crypto::{KeyError, random_bytes};

use super::bounded::{Bounded, Swept};
use super::{Digest, Entry, Kind, StorageError, Taken, Use};

/// How much is kept at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Of each kind of thing.
    pub(crate) entries: usize,
    /// Proofs and assertions together.
    pub(crate) uses: usize,
}

pub(crate) struct Memory {
    capacity: Capacity,
    entries: Mutex<HashMap<Kind, Bounded<Kept>>>,
    uses: Mutex<ReplayWindow>,
    epoch: Epoch,
}

struct Kept {
    body: Box<str>,
    taken: bool,
}

impl Memory {
    pub(crate) fn new(capacity: Capacity, now: UnixTime) -> Result<Self, KeyError> {
        let epoch = Epoch::new(u64::from_ne_bytes(random_bytes()?), now);
        Ok(Self {
            capacity,
            entries: Mutex::default(),
            uses: Mutex::new(ReplayWindow::new(capacity.uses, epoch, random_bytes()?)),
            epoch,
        })
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn insert(&self, entry: Entry<'_>, now: UnixTime) -> Result<(), StorageError> {
        let kept = Kept {
            body: entry.body,
            taken: false,
        };
        self.of(entry.kind, |entries| {
            entries.insert(entry.id, kept, entry.owner, entry.expires, now)
        })?
    }

    pub(crate) fn replace(&self, entry: Entry<'_>, now: UnixTime) -> Result<(), StorageError> {
        let kept = Kept {
            body: entry.body,
            taken: false,
        };
        self.of(entry.kind, |entries| {
            entries.remove(&entry.id);
            entries.insert(entry.id, kept, entry.owner, entry.expires, now)
        })?
    }

    pub(crate) fn get(
        &self,
        kind: Kind,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Option<Box<str>>, StorageError> {
        self.of(kind, |entries| {
            let kept = entries.get(id, now).filter(|kept| !kept.taken);
            kept.map(|kept| kept.body.clone())
        })
    }

    pub(crate) fn take(
        &self,
        kind: Kind,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Taken, StorageError> {
        self.of(kind, |entries| match entries.get_mut(id, now) {
            None => Taken::Unknown,
            Some(kept) if kept.taken => Taken::Again(kept.body.clone()),
            Some(kept) => {
                kept.taken = true;
                Taken::First(kept.body.clone())
            }
        })
    }

    pub(crate) fn remove(&self, kind: Kind, id: &Digest) -> Result<(), StorageError> {
        self.of(kind, |entries| entries.remove(id))
    }

    pub(crate) fn list(&self, kind: Kind, now: UnixTime) -> Result<Vec<Box<str>>, StorageError> {
        self.of(kind, |entries| {
            let living = entries.living(now).filter(|kept| !kept.taken);
            living.map(|kept| kept.body.clone()).collect()
        })
    }

    pub(crate) fn has_or_forgot(
        &self,
        kind: Kind,
        id: &Digest,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StorageError> {
        self.of(kind, |entries| {
            expires <= entries.swept() || entries.get(id, now).is_some()
        })
    }

    pub(crate) fn use_once(
        &self,
        uses: &[Use],
        now: UnixTime,
    ) -> Result<Vec<ReplayOutcome>, StorageError> {
        let mut window = lock(&self.uses)?;
        let mut outcomes = Vec::with_capacity(uses.len());
        for each in uses {
            let outcome = window.insert(each.key, each.expires, now).into();
            outcomes.push(outcome);
            if outcome != ReplayOutcome::Fresh {
                break;
            }
        }
        Ok(outcomes)
    }

    pub(crate) fn sweep(&self, now: UnixTime) -> Result<(), StorageError> {
        lock(&self.uses)?.sweep(now);
        // One kind after the other, so that nobody waits for all of them.
        let kinds: Vec<_> = lock(&self.entries)?.keys().copied().collect();
        for kind in kinds {
            while self.of(kind, |entries| entries.sweep(now))? == Swept::Some {}
        }
        Ok(())
    }

    /// It is there as long as the process is, but for a panic in the middle of a change.
    pub(crate) fn ping(&self) -> Result<(), StorageError> {
        lock(&self.entries).map(drop)?;
        lock(&self.uses).map(drop)
    }

    fn of<T>(
        &self,
        kind: Kind,
        then: impl FnOnce(&mut Bounded<Kept>) -> T,
    ) -> Result<T, StorageError> {
        let mut entries = lock(&self.entries)?;
        let entries = entries
            .entry(kind)
            .or_insert_with(|| Bounded::new(self.capacity.entries));
        Ok(then(entries))
    }
}

/// After a panic in the middle of a change nobody knows what is in there.
fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>, StorageError> {
    mutex.lock().map_err(|_| StorageError::Unavailable)
}
