//! A replay memory in pieces, for hosts that keep them in a store of small values with compare-and-swap.

use std::fmt;

use siphasher::sip128::SipHasher13;

use super::{Insertion, ReplayKey};
use crate::UnixTime;

/// The keyed hash of a replay key.
type Print = [u8; PRINT];

const PRINT: usize = 16;
/// A print and its expiry.
const ENTRY: usize = PRINT + EXPIRY;
const EXPIRY: usize = 8;
/// The highest expiry that the slot ever dropped stands in front of its entries.
const HEAD: usize = EXPIRY;

/// Entries of a slot, on average, at nominal capacity: few enough that a slot is copied in less than a microsecond.
const MEAN: u32 = 32;
/// The mean and eight standard deviations (of a Poisson distribution, √32 = 5.7): at nominal capacity one slot in 10¹¹ is
/// full, nobody being able to aim at one.
const ROOM: usize = 78;

/// Where in a divided memory of used proofs each proof belongs.
///
/// A fixed number of slots, each a short list of entries, which the host stores as bytes under the slot's number. What
/// holds of [`ReplayWindow`](crate::dpop::ReplayWindow) holds of each slot: no live entry is ever dropped, a full one
/// refuses, and what a clock that ran ahead made it forget is not taken for new. The prices of wrong answers are the same.
///
/// A slot is changed by reading its bytes, [`ReplaySlot::insert`], and writing what comes back, if nobody else has
/// written meanwhile; otherwise again from the start. Slots are found by SipHash-1-3 under `hash_key`, 16 random bytes
/// that nobody outside knows and that all who share the memory have in common.
///
/// ```
/// use fapi_core::UnixTime;
/// use fapi_core::dpop::{Insertion, ReplayKey, ReplaySlots};
/// use fapi_core::jose::Thumbprint;
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// let slots = ReplaySlots::new(100_000, [0; 16]);
/// let jkt = Thumbprint::from_bytes([0; 32]);
/// let key = ReplayKey::new("https://api.example.com", "https://as.example.com", &jkt, "jti-1");
/// let slot = slots.slot_of(key);
/// // Nothing is stored under `slot.number()` yet.
/// let (insertion, bytes) = slot.insert(&[], now.plus(60), now);
/// assert_eq!(insertion, Insertion::Fresh);
/// let (insertion, _) = slot.insert(&bytes.unwrap_or_default(), now.plus(60), now.plus(60));
/// assert_eq!(insertion, Insertion::Seen);
/// ```
#[derive(Clone, Copy)]
pub struct ReplaySlots {
    count: u64,
    hash_key: [u8; 16],
}

/// The place of one proof.
#[derive(Clone, Copy, Debug)]
pub struct ReplaySlot {
    number: u64,
    print: Print,
}

impl ReplaySlots {
    /// Slots for `capacity` live entries.
    #[must_use]
    pub fn new(capacity: u32, hash_key: [u8; 16]) -> Self {
        Self {
            count: u64::from(capacity.div_ceil(MEAN).max(1)),
            hash_key,
        }
    }

    /// The slot in which this proof belongs.
    #[must_use]
    pub fn slot_of(&self, key: ReplayKey) -> ReplaySlot {
        let hash = SipHasher13::new_with_key(&self.hash_key).hash(key.as_bytes());
        ReplaySlot {
            // At least one slot.
            number: hash.h1.checked_rem(self.count).unwrap_or(0),
            print: hash.as_bytes(),
        }
    }
}

impl fmt::Debug for ReplaySlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the hash key.
        f.debug_struct("ReplaySlots")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl ReplaySlot {
    /// The slot's number, below the number of slots.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Remembers the proof until `expires` in the slot that `held` are the bytes of; none for a slot never written.
    ///
    /// For [`Insertion::Fresh`] the slot's new bytes come back: the proof is fresh once they are stored in the place of
    /// `held`. In every other case nothing is to be stored. Bytes that are no slot are [`Insertion::Full`].
    pub fn insert(
        &self,
        held: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> (Insertion, Option<Vec<u8>>) {
        let Some(slot) = Held::read(held) else {
            return (Insertion::Full, None);
        };
        let (mut swept, mut live) = (slot.swept, 0_usize);
        for (print, expiry) in slot.entries() {
            if *print == self.print && (expiry >= now || expires <= expiry) {
                return (Insertion::Seen, None);
            }
            // An entry is live at its expiry, too.
            if expiry >= now {
                live = live.saturating_add(1);
            } else {
                swept = swept.max(expiry);
            }
        }
        if expires < now || expires <= swept {
            return (Insertion::Forgotten, None);
        }
        if live >= ROOM {
            return (Insertion::Full, None);
        }
        let mut bytes = Vec::with_capacity(held.len().saturating_add(HEAD + ENTRY));
        bytes.extend(swept.as_secs().to_be_bytes());
        for (print, expiry) in slot.entries().filter(|(_, expiry)| *expiry >= now) {
            bytes.extend(print);
            bytes.extend(expiry.as_secs().to_be_bytes());
        }
        bytes.extend(self.print);
        bytes.extend(expires.as_secs().to_be_bytes());
        (Insertion::Fresh, Some(bytes))
    }
}

/// The bytes of a slot, read.
struct Held<'a> {
    swept: UnixTime,
    entries: &'a [[u8; ENTRY]],
}

impl<'a> Held<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
            return bytes.is_empty().then_some(Self {
                swept: UnixTime::from_secs(i64::MIN),
                entries: &[],
            });
        };
        let (entries, rest) = rest.as_chunks();
        rest.is_empty().then_some(Self {
            swept: UnixTime::from_secs(i64::from_be_bytes(*head)),
            entries,
        })
    }

    fn entries(&self) -> impl Iterator<Item = (&'a Print, UnixTime)> {
        self.entries.iter().filter_map(|entry| {
            let (print, expiry) = entry.split_first_chunk::<PRINT>()?;
            let expiry = i64::from_be_bytes(*expiry.first_chunk()?);
            Some((print, UnixTime::from_secs(expiry)))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dpop::{Epoch, ReplayWindow};

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    /// All slots, as a host would store them.
    struct Store {
        slots: ReplaySlots,
        held: std::collections::HashMap<u64, Vec<u8>>,
    }

    impl Store {
        fn new(capacity: u32) -> Self {
            Self {
                slots: ReplaySlots::new(capacity, [7; 16]),
                held: std::collections::HashMap::new(),
            }
        }

        fn insert(&mut self, n: u32, expires: UnixTime, now: UnixTime) -> Insertion {
            let slot = self.slots.slot_of(key(n));
            let held = self.held.entry(slot.number()).or_default();
            let (insertion, bytes) = slot.insert(held, expires, now);
            assert_eq!(insertion == Insertion::Fresh, bytes.is_some());
            if let Some(bytes) = bytes {
                *held = bytes;
            }
            insertion
        }
    }

    fn key(n: u32) -> ReplayKey {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        ReplayKey::from_bytes(bytes)
    }

    #[test]
    fn a_proof_is_seen_until_it_expires_and_forgotten_after() {
        let mut store = Store::new(1024);
        assert_eq!(store.insert(1, NOW.plus(60), NOW), Insertion::Fresh);
        assert_eq!(store.insert(1, NOW.plus(60), NOW.plus(60)), Insertion::Seen);
        assert_eq!(store.insert(1, NOW.plus(60), NOW.plus(61)), Insertion::Seen);
        assert_eq!(
            store.insert(1, NOW.plus(200), NOW.plus(61)),
            Insertion::Fresh
        );
        assert_eq!(store.insert(2, NOW, NOW.plus(1)), Insertion::Forgotten);
    }

    #[test]
    fn a_full_slot_refuses_and_loses_nothing() {
        let mut store = Store::new(1);
        let room = u32::try_from(ROOM).unwrap();
        for n in 0..room {
            assert_eq!(store.insert(n, NOW.plus(60), NOW), Insertion::Fresh);
        }
        assert_eq!(store.insert(room, NOW.plus(60), NOW), Insertion::Full);
        for n in 0..room {
            assert_eq!(store.insert(n, NOW.plus(60), NOW), Insertion::Seen);
        }
        // The dead make room.
        let later = NOW.plus(61);
        assert_eq!(store.insert(room, later.plus(60), later), Insertion::Fresh);
        assert_eq!(store.held[&0].len(), HEAD + ENTRY);
    }

    #[test]
    fn a_clock_that_jumps_ahead_and_back_reopens_nothing() {
        let mut store = Store::new(1);
        assert_eq!(store.insert(1, NOW.plus(60), NOW), Insertion::Fresh);
        let ahead = NOW.plus(1000);
        assert_eq!(store.insert(2, ahead.plus(60), ahead), Insertion::Fresh);
        assert_eq!(store.insert(1, NOW.plus(60), NOW), Insertion::Forgotten);
        assert_eq!(store.insert(3, NOW.plus(60), NOW), Insertion::Forgotten);
        assert_eq!(store.insert(3, NOW.plus(61), NOW), Insertion::Fresh);
    }

    #[test]
    fn bytes_that_are_no_slot_let_nothing_through() {
        let slot = ReplaySlots::new(1, [0; 16]).slot_of(key(1));
        for bytes in [
            &[0; 1][..],
            &[0; HEAD - 1],
            &[0; HEAD + 1],
            &[0; HEAD + ENTRY - 1],
        ] {
            let (insertion, stored) = slot.insert(bytes, NOW.plus(1), NOW);
            assert_eq!((insertion, stored), (Insertion::Full, None));
        }
    }

    #[test]
    fn at_nominal_capacity_no_slot_is_full() {
        let mut store = Store::new(100_000);
        for n in 0..100_000 {
            assert_eq!(store.insert(n, NOW.plus(60), NOW), Insertion::Fresh, "{n}");
        }
    }

    proptest! {
        // As long as the clock does not run backwards; of the dead the two forget different ones at different times.
        #[test]
        fn lets_through_what_the_window_lets_through(calls in prop::collection::vec((0_u32..20, 0_i64..30, 0_i64..5), 1..200)) {
            let mut store = Store::new(1024);
            let mut window = ReplayWindow::new(1024, Epoch::new(1, NOW), [0; 16]);
            let mut now = NOW;
            for (n, life, pause) in calls {
                now = now.plus(pause);
                let expires = NOW.plus(i64::from(n)).plus(life);
                let (ours, theirs) = (store.insert(n, expires, now), window.insert(key(n), expires, now));
                prop_assert_eq!(ours == Insertion::Fresh, theirs == Insertion::Fresh);
            }
        }
    }
}
