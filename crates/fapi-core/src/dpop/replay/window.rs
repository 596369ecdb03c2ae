//! The process-local memory of used proofs.

use std::fmt;

use siphasher::sip128::SipHasher13;

use super::shard::{Dead, Dropped, Print, Seconds, Shard};
use super::{Epoch, Insertion, ReplayKey};
use crate::UnixTime;

/// The entries of a full shard, on average: few enough that rebuilding one takes microseconds.
const SHARD_ENTRIES: usize = 1024;
const MAX_SHARDS: usize = 16_384;

/// Slots that a call of `insert` sweeps, on average; saved up until a whole shard can be swept.
const SWEEP_PER_INSERT: usize = 16;
/// The same for the first call in each second, so that memory comes back when calls are rare.
const SWEEP_PER_SECOND: usize = 16_384;
/// What looking at a shard costs, and giving back one that has expired as a whole, in swept slots.
const COST_OF_LOOKING: usize = 4;
const COST_OF_DROPPING: usize = 128;

/// How far before the epoch an expiry may be (34 years); the other three quarters of the range come after it (102 years).
const BEFORE_EPOCH: i64 = 1 << 30;

/// A set of used proofs with their expiry, in this process's memory.
///
/// An entry is live while `now <= expires`. No live entry is ever dropped, whatever the pressure: at
/// `capacity` live entries new ones are refused.
///
/// # The price of each wrong answer
///
/// * A false [`Insertion::Fresh`] is a replay accepted: whoever captured a proof and its token repeats the
///   request in its client's name. It does not happen while the window lives, even when the clock jumps
///   ahead and back, as long as the same proof always comes with the same expiry. A change of
///   configuration that lengthens the life of proofs needs a new window with a new [`Epoch`].
/// * A false [`Insertion::Seen`] refuses an honest client once; it makes a new proof. It takes two equal 128-bit hashes.
/// * [`Insertion::Full`] refuses every client until entries expire. [`Quotas`](crate::dpop::Quotas) in front
///   of the window keep one client from doing that to the others.
/// * [`Insertion::Forgotten`] costs an honest client one more round trip with a new nonce. After a clock that was
///   ahead long enough for entries of that time to expire, and is set back, it costs all clients all
///   requests until the time is reached again, or until the host starts a new window with a new epoch.
///
/// # Size and cost
///
/// 20 bytes a slot and 25 to 29 bytes an entry, plus 32 bytes for each of `capacity / 1024` shards (a
/// power of two, at most 16,384). Empty, it is only the shards. A call looks at one shard; at
/// times it rebuilds one, some thousand entries, never the whole table. Expired entries go when their
/// shard is rebuilt, and each call sweeps a little besides, more in the first call of a second.
///
/// Slots are found by SipHash-1-3 under `hash_key`. A client can choose its `jti` until the
/// [`ReplayKey`] has the bits it wants, but without the hash key it cannot aim at one shard.
///
/// ```
/// use fapi_core::UnixTime;
/// use fapi_core::dpop::{Epoch, Insertion, ReplayKey, ReplayWindow};
/// use fapi_core::jose::Thumbprint;
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// // A host draws the epoch's id and the hash key at random.
/// let mut window = ReplayWindow::new(100_000, Epoch::new(1, now), [0; 16]);
/// let jkt = Thumbprint::from_bytes([0; 32]);
/// let key = ReplayKey::new("https://api.example.com", "https://as.example.com", &jkt, "jti-1");
/// assert_eq!(window.insert(key, now.plus(60), now), Insertion::Fresh);
/// assert_eq!(window.insert(key, now.plus(60), now.plus(60)), Insertion::Seen);
/// ```
pub struct ReplayWindow {
    shards: Box<[Shard]>,
    hash_key: [u8; 16],
    epoch: Epoch,
    capacity: usize,
    len: usize,
    /// The highest expiry that was ever dropped, 0 before the first.
    swept: Seconds,
    /// No entry expires before this.
    earliest: Seconds,
    /// The shard that is swept next.
    cursor: usize,
    /// Slots that may be swept now.
    credit: usize,
    latest_now: i64,
}

impl ReplayWindow {
    /// An empty window for at most `capacity` live entries.
    ///
    /// `hash_key` is 16 random bytes that nobody outside the process knows.
    #[must_use]
    pub fn new(capacity: usize, epoch: Epoch, hash_key: [u8; 16]) -> Self {
        let shards = (capacity / SHARD_ENTRIES)
            .clamp(1, MAX_SHARDS)
            .next_power_of_two();
        Self {
            shards: std::iter::repeat_with(Shard::default)
                .take(shards)
                .collect(),
            hash_key,
            epoch,
            capacity,
            len: 0,
            swept: 0,
            earliest: Seconds::MAX,
            cursor: 0,
            credit: 0,
            latest_now: i64::MIN,
        }
    }

    /// Remembers `key` until the end of the second `expires`, unless it is remembered already.
    ///
    /// `expires` is the last second in which the proof would be accepted. An expiry before `now`, or more than 34
    /// years before or 102 years after the epoch, is [`Insertion::Forgotten`].
    pub fn insert(&mut self, key: ReplayKey, expires: UnixTime, now: UnixTime) -> Insertion {
        let now = self.seconds_to(now);
        self.tidy(now);
        let Some(expires) = self.storable(expires) else {
            return Insertion::Forgotten;
        };
        let print = self.print(key);
        let index = self.shard_of(&print);
        match self.find(index, &print) {
            Some(held) if i64::from(held) >= now || expires <= held => return Insertion::Seen,
            // The expired entry of an earlier proof with the same `jti`.
            Some(_) => self.sweep_shard(index, now),
            None => {}
        }
        if i64::from(expires) < now || expires <= self.swept {
            return Insertion::Forgotten;
        }
        if self.len >= self.capacity && !self.reclaim(now) {
            return Insertion::Full;
        }
        let Some(shard) = self.shards.get_mut(index) else {
            return Insertion::Full;
        };
        let dropped = shard.insert(print, expires, now);
        self.forget(dropped);
        self.len = self.len.saturating_add(1);
        self.earliest = self.earliest.min(expires);
        Insertion::Fresh
    }

    /// Drops every entry that is dead at `now` and gives its memory back. Nobody needs to call this; it
    /// takes some milliseconds per million entries.
    pub fn sweep(&mut self, now: UnixTime) {
        let now = self.seconds_to(now);
        for index in 0..self.shards.len() {
            if self.dead(index, now) != Dead::None {
                self.sweep_shard(index, now);
            }
        }
    }

    /// Entries held: the live ones and the dead ones that were not swept yet. Never more than the capacity.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no entry is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The most live entries that the window holds.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// The identity of this memory.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The latest expiry that was ever dropped: what would expire by then is [`Insertion::Forgotten`]. `None` before the
    /// first. A host whose clock went back to long before it needs a new window with a new [`Epoch`].
    #[must_use]
    pub fn forgotten_until(&self) -> Option<UnixTime> {
        // 0 is no time.
        (self.swept != 0)
            .then(|| UnixTime::from_secs(self.base().saturating_add(self.swept.into())))
    }

    /// Allocated bytes. Looks at every shard: for metrics, not for each request.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let slots: usize = self.shards.iter().map(Shard::memory_bytes).sum();
        slots.saturating_add(size_of_val::<[Shard]>(&self.shards))
    }

    /// A share of the sweeping, so that memory comes back without anybody sweeping it all.
    fn tidy(&mut self, now: i64) {
        let share = if now > self.latest_now {
            SWEEP_PER_SECOND
        } else {
            SWEEP_PER_INSERT
        };
        self.latest_now = self.latest_now.max(now);
        if now <= i64::from(self.earliest) {
            return;
        }
        self.credit = self.credit.saturating_add(share);
        for _ in 0..self.shards.len() {
            let dead = self.dead(self.cursor, now);
            let cost = COST_OF_LOOKING.saturating_add(match dead {
                Dead::None | Dead::Few => 0,
                Dead::Many => self.shards.get(self.cursor).map_or(0, Shard::slots),
                Dead::All => COST_OF_DROPPING,
            });
            let Some(left) = self.credit.checked_sub(cost) else {
                return;
            };
            self.credit = left;
            if matches!(dead, Dead::Many | Dead::All) {
                self.sweep_shard(self.cursor, now);
            }
            self.cursor = self.after(self.cursor);
        }
        // All shards were looked at: nothing is left to do in this second.
        self.credit = 0;
        self.note_earliest();
    }

    /// Makes room for one entry, if there is a dead one.
    fn reclaim(&mut self, now: i64) -> bool {
        if now <= i64::from(self.earliest) {
            return false;
        }
        for _ in 0..self.shards.len() {
            let index = self.cursor;
            self.cursor = self.after(index);
            if self.dead(index, now) != Dead::None {
                self.sweep_shard(index, now);
                return self.len < self.capacity;
            }
        }
        self.note_earliest();
        false
    }

    fn sweep_shard(&mut self, index: usize, now: i64) {
        if let Some(shard) = self.shards.get_mut(index) {
            let dropped = shard.sweep(now);
            self.forget(dropped);
        }
    }

    fn forget(&mut self, dropped: Dropped) {
        self.len = self.len.saturating_sub(dropped.count);
        self.swept = self.swept.max(dropped.latest);
    }

    fn note_earliest(&mut self) {
        let earliest = self.shards.iter().filter_map(Shard::earliest).min();
        self.earliest = earliest.unwrap_or(Seconds::MAX);
    }

    fn dead(&self, index: usize, now: i64) -> Dead {
        self.shards
            .get(index)
            .map_or(Dead::None, |shard| shard.dead(now))
    }

    fn find(&self, index: usize, print: &Print) -> Option<Seconds> {
        self.shards.get(index)?.find(print)
    }

    fn print(&self, key: ReplayKey) -> Print {
        let hash = SipHasher13::new_with_key(&self.hash_key).hash(key.as_bytes());
        [
            hash.h1 as u32,
            (hash.h1 >> 32) as u32,
            hash.h2 as u32,
            (hash.h2 >> 32) as u32,
        ]
    }

    fn shard_of(&self, print: &Print) -> usize {
        // A power of two, at least 1.
        print[0] as usize & self.shards.len().saturating_sub(1)
    }

    fn after(&self, index: usize) -> usize {
        index.saturating_add(1) & self.shards.len().saturating_sub(1)
    }

    /// An expiry in the slot's 32 bits. Never shortened to fit: it would be forgotten too early.
    fn storable(&self, expires: UnixTime) -> Option<Seconds> {
        let seconds = expires.as_secs().checked_sub(self.base())?;
        Seconds::try_from(seconds)
            .ok()
            .filter(|&seconds| seconds != 0)
    }

    fn seconds_to(&self, now: UnixTime) -> i64 {
        now.as_secs().saturating_sub(self.base())
    }

    const fn base(&self) -> i64 {
        self.epoch.since.as_secs().saturating_sub(BEFORE_EPOCH)
    }
}

impl fmt::Debug for ReplayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the hash key nor the entries.
        f.debug_struct("ReplayWindow")
            .field("epoch", &self.epoch)
            .field("capacity", &self.capacity)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
