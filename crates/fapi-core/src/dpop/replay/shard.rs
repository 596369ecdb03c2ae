//! One part of the table: open addressing with linear probing, rebuilt as a whole when it is too full.

/// The keyed hash of a replay key: what a slot stores, and where it belongs.
pub(super) type Print = [u32; 4];

/// Seconds since the base of the window; 0 is no time, it marks a free slot.
pub(super) type Seconds = u32;

/// A small table of prints with their expiry.
///
/// A fifth of the slots or more are free: a rebuild is due when fewer are, and leaves 31 %. Entries are kept
/// in the order of their home slots, so that a rebuild copies from front to back.
#[derive(Default)]
pub(super) struct Shard {
    slots: Box<[Slot]>,
    len: usize,
    /// The lowest and the highest expiry, if there is an entry.
    earliest: Seconds,
    latest: Seconds,
}

#[derive(Clone, Copy)]
struct Slot {
    print: Print,
    expires: Seconds,
}

/// What a rebuild dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) count: usize,
    /// The highest expiry among them, 0 if there is none.
    pub(super) latest: Seconds,
}

/// How much of a shard has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dead {
    None,
    /// Something, but it is too early to rebuild the shard for it.
    Few,
    /// A quarter of the time that its entries span, or a minute.
    Many,
    All,
}

impl Shard {
    pub(super) fn find(&self, print: &Print) -> Option<Seconds> {
        let (front, back) = self.slots.split_at_checked(home(print, self.slots.len()))?;
        back.iter()
            .chain(front)
            .take_while(|slot| slot.expires != 0)
            .find(|slot| slot.print == *print)
            .map(|slot| slot.expires)
    }

    /// Stores a print that [`Shard::find`] did not find, with room made by dropping what is dead at `now`.
    pub(super) fn insert(&mut self, print: Print, expires: Seconds, now: i64) -> Dropped {
        let due = self.len.saturating_add(1).saturating_mul(5) > self.slots.len().saturating_mul(4);
        let dropped = if due {
            self.rebuild(now, 1)
        } else {
            Dropped {
                count: 0,
                latest: 0,
            }
        };
        self.include(expires);
        place(&mut self.slots, Slot { print, expires });
        dropped
    }

    /// Drops what is dead at `now` and fits the table to the rest.
    pub(super) fn sweep(&mut self, now: i64) -> Dropped {
        self.rebuild(now, 0)
    }

    pub(super) fn dead(&self, now: i64) -> Dead {
        let overdue = now.saturating_sub(self.earliest.into());
        let span = self.latest.saturating_sub(self.earliest);
        if self.len == 0 || overdue <= 0 {
            Dead::None
        } else if i64::from(self.latest) < now {
            Dead::All
        } else if overdue >= i64::from(span / 4).min(60) {
            Dead::Many
        } else {
            Dead::Few
        }
    }

    /// The lowest expiry of an entry.
    pub(super) fn earliest(&self) -> Option<Seconds> {
        (self.len > 0).then_some(self.earliest)
    }

    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val::<[Slot]>(&self.slots)
    }

    fn rebuild(&mut self, now: i64, room: usize) -> Dropped {
        let old = std::mem::take(self);
        // Free slots are dead, too.
        let now = now.max(1);
        let mut latest_dead = 0;
        self.earliest = Seconds::MAX;
        // No branches, since the processor could not foresee them.
        for slot in &old.slots {
            let live = i64::from(slot.expires) >= now;
            self.len = self.len.saturating_add(usize::from(live));
            self.earliest = self
                .earliest
                .min(if live { slot.expires } else { Seconds::MAX });
            self.latest = self.latest.max(if live { slot.expires } else { 0 });
            latest_dead = latest_dead.max(if live { 0 } else { slot.expires });
        }
        self.slots = vec![Slot::FREE; fitting(self.len.saturating_add(room))].into_boxed_slice();
        for slot in &old.slots {
            if i64::from(slot.expires) >= now {
                place(&mut self.slots, *slot);
            }
        }
        Dropped {
            count: old.len.saturating_sub(self.len),
            latest: latest_dead,
        }
    }

    fn include(&mut self, expires: Seconds) {
        if self.len == 0 {
            (self.earliest, self.latest) = (expires, expires);
        } else {
            self.earliest = self.earliest.min(expires);
            self.latest = self.latest.max(expires);
        }
        self.len = self.len.saturating_add(1);
    }
}

impl Slot {
    const FREE: Self = Self {
        print: [0; 4],
        expires: 0,
    };
}

/// Puts an entry into the first free slot from its home on, around the end. The caller has seen to a free slot.
fn place(slots: &mut [Slot], entry: Slot) {
    let home = home(&entry.print, slots.len());
    if let Some((front, back)) = slots.split_at_mut_checked(home)
        && let Some(free) = back.iter_mut().chain(front).find(|slot| slot.expires == 0)
    {
        *free = entry;
    }
}

/// Where the search for a print starts: its second word, scaled to the table (the first one chose the shard).
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the product of two 32-bit numbers fits 64 bits"
)]
fn home(print: &Print, slots: usize) -> usize {
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    ((u64::from(print[1]) * u64::from(slots)) >> 32) as usize
}

/// The slots for `entries` at 69 % load; at least one is free.
fn fitting(entries: usize) -> usize {
    if entries == 0 {
        return 0;
    }
    // 1 + 4/9 is 1/0.69.
    entries
        .saturating_add(entries.saturating_mul(4) / 9)
        .saturating_add(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(n: u32) -> Print {
        [0, n.wrapping_mul(0x9e37_79b9), n, 0]
    }

    fn fill(count: u32, expires: Seconds) -> Shard {
        let mut shard = Shard::default();
        for n in 0..count {
            assert_eq!(shard.insert(print(n), expires, 0).count, 0);
        }
        shard
    }

    #[test]
    fn finds_what_it_holds_at_every_size() {
        for count in 1..200 {
            let shard = fill(count, 9);
            assert!((0..count).all(|n| shard.find(&print(n)) == Some(9)));
            assert_eq!(shard.find(&print(count)), None);
            assert!(shard.slots.iter().any(|slot| slot.expires == 0));
        }
    }

    // Whoever knew the hash key could choose the home slot: slow then, but never wrong.
    #[test]
    fn entries_of_one_home_slot_wrap_around() {
        let mut shard = Shard::default();
        let same = |n| [0, u32::MAX, n, 0];
        for n in 0..300 {
            assert_eq!(shard.find(&same(n)), None);
            let _ = shard.insert(same(n), 5, 0);
        }
        assert!((0..300).all(|n| shard.find(&same(n)) == Some(5)));
        assert_eq!(
            shard.sweep(6),
            Dropped {
                count: 300,
                latest: 5
            }
        );
    }

    #[test]
    fn a_print_of_zeros_is_an_entry() {
        let mut shard = Shard::default();
        assert_eq!(shard.find(&[0; 4]), None);
        let _ = shard.insert([0; 4], 1, 0);
        assert_eq!(shard.find(&[0; 4]), Some(1));
    }

    #[test]
    fn an_entry_is_live_at_its_expiry() {
        let mut shard = fill(10, 100);
        assert_eq!((shard.dead(100), shard.dead(101)), (Dead::None, Dead::All));
        assert_eq!(
            shard.sweep(100),
            Dropped {
                count: 0,
                latest: 0
            }
        );
        assert_eq!(
            shard.sweep(101),
            Dropped {
                count: 10,
                latest: 100
            }
        );
        assert_eq!(shard.memory_bytes(), 0);
    }

    #[test]
    fn growing_drops_the_dead_first() {
        let mut shard = fill(1000, 10);
        let slots = shard.slots();
        let mut dropped = 0;
        for n in 1000..2000 {
            dropped += shard.insert(print(n), 20, 15).count;
        }
        assert_eq!(dropped, 1000);
        assert_eq!(shard.dead(15), Dead::None);
        assert!(shard.slots() <= slots * 6 / 5);
    }

    #[test]
    fn few_dead_are_told_from_many_and_all() {
        let mut shard = fill(10, 10);
        let _ = shard.insert(print(10), 50, 0);
        let dead = [10, 11, 19, 20, 50, 51].map(|now| shard.dead(now));
        let expected = [
            Dead::None,
            Dead::Few,
            Dead::Few,
            Dead::Many,
            Dead::Many,
            Dead::All,
        ];
        assert_eq!(dead, expected);
        assert_eq!(shard.earliest(), Some(10));
        assert_eq!(
            shard.sweep(11),
            Dropped {
                count: 10,
                latest: 10
            }
        );
        assert_eq!(shard.earliest(), Some(50));
        assert_eq!(shard.dead(11), Dead::None);
    }

    // One expiry in the far future, of a clock that was ahead, does not keep the dead for long.
    #[test]
    fn a_long_span_is_swept_after_a_minute() {
        let mut shard = fill(10, 10);
        let _ = shard.insert(print(10), 1_000_000, 0);
        assert_eq!((shard.dead(69), shard.dead(70)), (Dead::Few, Dead::Many));
    }
}
