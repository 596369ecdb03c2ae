//! A map of entries that expire, within a bound.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fapi_core::UnixTime;

use super::{Digest, Owner, StorageError};

/// Expired entries that a call drops at most: more than one call brings, so that the map shrinks, and few enough that no
/// request pays for all of them.
const SWEEP: usize = 16;

/// The part of the room that one client may fill: a quarter.
const SHARES: usize = 4;

/// Entries by digest. None is dropped before it has expired, whatever the pressure.
pub(super) struct Bounded<V> {
    capacity: usize,
    entries: HashMap<Digest, Entry<V>>,
    by_expiry: BTreeSet<(UnixTime, Digest)>,
    /// How many entries each client has.
    of_client: HashMap<Arc<str>, usize>,
    /// The highest expiry that was ever dropped: the clock may have been ahead.
    swept: UnixTime,
}

/// How many of those that have expired are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    All,
    Some,
}

struct Entry<V> {
    value: V,
    expires: UnixTime,
    client_id: Option<Arc<str>>,
}

impl<V> Bounded<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: HashMap::new(),
            by_expiry: BTreeSet::new(),
            of_client: HashMap::new(),
            swept: UnixTime::from_secs(i64::MIN),
        }
    }

    /// Keeps `value` until `expires`. What is there already stays as it is.
    pub(super) fn insert(
        &mut self,
        key: Digest,
        value: V,
        owner: Owner<'_>,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        self.sweep(now);
        if self.entries.contains_key(&key) {
            return Ok(());
        }
        if self.entries.len() >= self.capacity {
            return Err(StorageError::Full);
        }
        let client_id = match owner {
            Owner::Issuer => None,
            Owner::Client(client_id) => Some(self.count(client_id)?),
        };
        self.by_expiry.insert((expires, key));
        let entry = Entry {
            value,
            expires,
            client_id,
        };
        self.entries.insert(key, entry);
        Ok(())
    }

    pub(super) fn get(&mut self, key: &Digest, now: UnixTime) -> Option<&V> {
        self.sweep(now);
        let entry = self.entries.get(key)?;
        (now < entry.expires).then_some(&entry.value)
    }

    pub(super) fn get_mut(&mut self, key: &Digest, now: UnixTime) -> Option<&mut V> {
        self.sweep(now);
        let entry = self.entries.get_mut(key)?;
        (now < entry.expires).then_some(&mut entry.value)
    }

    /// All that have not expired.
    pub(super) fn living(&self, now: UnixTime) -> impl Iterator<Item = &V> {
        let living = self
            .entries
            .values()
            .filter(move |entry| now < entry.expires);
        living.map(|entry| &entry.value)
    }

    pub(super) fn remove(&mut self, key: &Digest) {
        let Some(entry) = self.entries.remove(key) else {
            return;
        };
        self.by_expiry.remove(&(entry.expires, *key));
        let Some(client_id) = entry.client_id else {
            return;
        };
        if let Some(count) = self.of_client.get_mut(&client_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_client.remove(&client_id);
            }
        }
    }

    /// The highest expiry of an entry that was dropped because it had expired.
    pub(super) const fn swept(&self) -> UnixTime {
        self.swept
    }

    /// One more entry of this client.
    fn count(&mut self, client_id: &str) -> Result<Arc<str>, StorageError> {
        let share = self.capacity.div_ceil(SHARES);
        let (client_id, count) = match self.of_client.get_key_value(client_id) {
            Some((_, &count)) if count >= share => return Err(StorageError::ClientShare),
            Some((client_id, &count)) => (Arc::clone(client_id), count),
            None => (client_id.into(), 0),
        };
        self.of_client
            .insert(Arc::clone(&client_id), count.saturating_add(1));
        Ok(client_id)
    }

    /// Drops some that have expired.
    pub(super) fn sweep(&mut self, now: UnixTime) -> Swept {
        for _ in 0..SWEEP {
            match self.by_expiry.first() {
                Some(&(expires, key)) if expires <= now => {
                    self.remove(&key);
                    self.swept = self.swept.max(expires);
                }
                _ => return Swept::All,
            }
        }
        Swept::Some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
    const A: Owner<'_> = Owner::Client("a");

    fn key(number: usize) -> Digest {
        Digest::of(&number.to_string())
    }

    #[test]
    fn an_entry_is_there_until_it_expires() {
        let mut map = Bounded::new(4);
        map.insert(key(1), "one", A, NOW.plus(10), NOW).unwrap();
        assert_eq!(map.get(&key(1), NOW.plus(9)), Some(&"one"));
        assert_eq!(map.get(&key(2), NOW), None);
        assert_eq!(map.get(&key(1), NOW.plus(10)), None);
        assert_eq!(map.swept(), NOW.plus(10));
        assert!(map.by_expiry.is_empty() && map.of_client.is_empty());
    }

    #[test]
    fn what_is_removed_is_gone_and_gives_its_room_back() {
        let mut map = Bounded::new(4);
        map.insert(key(1), (), A, NOW.plus(10), NOW).unwrap();
        map.remove(&key(1));
        map.remove(&key(1));
        assert_eq!(map.get(&key(1), NOW), None);
        assert!(map.entries.is_empty() && map.by_expiry.is_empty() && map.of_client.is_empty());
    }

    #[test]
    fn a_full_map_drops_nothing_that_lives() {
        let mut map = Bounded::new(2);
        for number in 0..2 {
            let expires = NOW.plus(10);
            map.insert(key(number), (), Owner::Issuer, expires, NOW)
                .unwrap();
        }
        let mut insert = |now| map.insert(key(2), (), Owner::Issuer, NOW.plus(20), now);
        assert_eq!(insert(NOW.plus(9)), Err(StorageError::Full));
        assert_eq!(insert(NOW.plus(10)), Ok(()));
    }

    #[test]
    fn no_client_takes_the_room_of_the_others() {
        let mut map = Bounded::new(8);
        for number in 0..2 {
            map.insert(key(number), (), A, NOW.plus(10), NOW).unwrap();
        }
        let mut insert = |number, owner, now| map.insert(key(number), (), owner, NOW.plus(20), now);
        assert_eq!(insert(2, A, NOW), Err(StorageError::ClientShare));
        // The same once more takes no room.
        assert_eq!(insert(0, A, NOW), Ok(()));
        assert_eq!(insert(3, Owner::Client("b"), NOW), Ok(()));
        assert_eq!(insert(4, Owner::Issuer, NOW), Ok(()));
        assert_eq!(insert(2, A, NOW.plus(10)), Ok(()));
    }

    #[test]
    fn many_that_expired_go_little_by_little() {
        let mut map = Bounded::new(1000);
        for number in 0..100 {
            map.insert(key(number), (), Owner::Issuer, NOW.plus(10), NOW)
                .unwrap();
        }
        map.get(&key(0), NOW.plus(10));
        assert_eq!(map.entries.len(), 100 - SWEEP);
        for _ in 0..6 {
            assert_eq!(map.get(&key(99), NOW.plus(10)), None);
        }
        assert!(map.entries.is_empty());
    }
}
