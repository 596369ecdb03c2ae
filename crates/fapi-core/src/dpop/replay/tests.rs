//! The window against a naive model, and its promises one by one.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::jose::Thumbprint;

const START: i64 = 1_700_000_000;

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(START + seconds)
}

fn window(capacity: usize) -> ReplayWindow {
    ReplayWindow::new(capacity, Epoch::new(1, at(0)), *b"0123456789abcdef")
}

fn key(n: u32) -> ReplayKey {
    ReplayKey::new("r", "i", &Thumbprint::from_bytes([0; 32]), &n.to_string())
}

fn fill(window: &mut ReplayWindow, keys: std::ops::Range<u32>, expires: i64, now: i64) {
    for n in keys {
        assert_eq!(
            window.insert(key(n), at(expires), at(now)),
            Insertion::Fresh
        );
    }
}

// I04
#[test]
fn the_second_time_is_seen() {
    let mut window = window(10);
    assert_eq!(window.insert(key(1), at(60), at(0)), Insertion::Fresh);
    assert_eq!(window.insert(key(1), at(60), at(0)), Insertion::Seen);
    assert_eq!(window.len(), 1);
}

// I18
#[test]
fn the_edge_of_the_life() {
    let mut window = window(10);
    assert_eq!(window.insert(key(1), at(60), at(0)), Insertion::Fresh);
    assert_eq!(window.insert(key(1), at(60), at(59)), Insertion::Seen);
    assert_eq!(window.insert(key(1), at(60), at(60)), Insertion::Seen);
    assert_eq!(window.insert(key(1), at(60), at(61)), Insertion::Forgotten);
    // Accepted in its last second is accepted once, too.
    assert_eq!(window.insert(key(2), at(90), at(90)), Insertion::Fresh);
    assert_eq!(window.insert(key(2), at(90), at(90)), Insertion::Seen);
}

#[test]
fn what_was_dropped_says_until_when_everything_is_forgotten() {
    let mut window = window(10);
    assert_eq!(window.insert(key(1), at(60), at(0)), Insertion::Fresh);
    window.sweep(at(60));
    assert_eq!(window.forgotten_until(), None);
    window.sweep(at(61));
    assert_eq!(window.forgotten_until(), Some(at(60)));
    assert_eq!(window.insert(key(2), at(60), at(0)), Insertion::Forgotten);
    assert_eq!(window.insert(key(2), at(61), at(0)), Insertion::Fresh);
}

// I16
#[test]
fn full_refuses_the_new_and_keeps_the_old() {
    let mut window = window(5000);
    fill(&mut window, 0..5000, 60, 0);
    assert_eq!(window.insert(key(5000), at(60), at(60)), Insertion::Full);
    for n in 0..5000 {
        assert_eq!(window.insert(key(n), at(60), at(60)), Insertion::Seen);
    }
    fill(&mut window, 5000..10_000, 120, 61);
    assert_eq!(window.insert(key(10_000), at(120), at(61)), Insertion::Full);
}

#[test]
fn one_dead_entry_makes_room_for_one() {
    let mut window = window(5000);
    fill(&mut window, 0..4999, 60, 0);
    fill(&mut window, 4999..5000, 10, 0);
    assert_eq!(window.insert(key(5000), at(60), at(10)), Insertion::Full);
    assert_eq!(window.insert(key(5000), at(60), at(11)), Insertion::Fresh);
    assert_eq!(window.insert(key(5001), at(60), at(11)), Insertion::Full);
}

#[test]
fn a_window_without_capacity_takes_nothing() {
    let mut window = window(0);
    assert_eq!(window.insert(key(1), at(60), at(0)), Insertion::Full);
    assert!(window.is_empty());
}

#[test]
fn a_clock_that_jumps_ahead_and_back_reopens_nothing() {
    let mut window = window(100);
    fill(&mut window, 0..50, 60, 0);
    window.sweep(at(1_000_000));
    assert!(window.is_empty());
    for n in 0..50 {
        assert_eq!(window.insert(key(n), at(60), at(0)), Insertion::Forgotten);
    }
    // What expires later than everything swept can be told.
    assert_eq!(window.insert(key(50), at(61), at(1)), Insertion::Fresh);
}

#[test]
fn a_jti_may_come_again_after_its_proof_expired() {
    let mut window = window(1_000_000);
    fill(&mut window, 0..2, 60, 0);
    assert_eq!(window.insert(key(0), at(160), at(100)), Insertion::Fresh);
    assert_eq!(window.insert(key(0), at(160), at(100)), Insertion::Seen);
    assert_eq!(window.insert(key(0), at(60), at(60)), Insertion::Seen);
    assert_eq!(window.insert(key(1), at(60), at(60)), Insertion::Forgotten);
}

// I19
#[test]
fn extreme_times_are_refused_not_shortened() {
    let extremes = [
        i64::MIN,
        i64::MIN + 1,
        -1,
        0,
        START,
        1 << 40,
        i64::MAX - 1,
        i64::MAX,
    ];
    for since in extremes {
        for now in extremes {
            for expires in extremes {
                let epoch = Epoch::new(1, UnixTime::from_secs(since));
                let mut window = ReplayWindow::new(8, epoch, [0; 16]);
                let mut fresh = 0;
                for now in [now, expires, i64::MAX, i64::MIN, now] {
                    let (expires, now) = (UnixTime::from_secs(expires), UnixTime::from_secs(now));
                    match window.insert(key(1), expires, now) {
                        Insertion::Fresh => fresh += 1,
                        Insertion::Seen => assert_eq!(fresh, 1),
                        Insertion::Full => panic!("not full"),
                        Insertion::Forgotten => {}
                    }
                }
                assert!(fresh <= 1, "since {since}, now {now}, expires {expires}");
            }
        }
    }
}

#[test]
fn a_far_expiry_is_not_stored() {
    let mut window = window(8);
    let far = at(1 << 33);
    assert_eq!(window.insert(key(1), far, at(0)), Insertion::Forgotten);
    assert_eq!(
        window.insert(key(1), at(-(1 << 30)), at(-(1 << 31))),
        Insertion::Forgotten
    );
    assert_eq!(
        window.insert(key(1), at(1 - (1 << 30)), at(-(1 << 31))),
        Insertion::Fresh
    );
    assert_eq!(
        window.insert(key(2), at(3 << 30), at(0)),
        Insertion::Forgotten
    );
    assert_eq!(
        window.insert(key(2), at((3 << 30) - 1), at(0)),
        Insertion::Fresh
    );
}

#[test]
fn one_of_256_threads_wins() {
    let window = Mutex::new(window(1000));
    let answers: Vec<Insertion> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..256)
            .map(|_| scope.spawn(|| window.lock().unwrap().insert(key(1), at(60), at(0))))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let count = |wanted| answers.iter().filter(|&&answer| answer == wanted).count();
    assert_eq!((count(Insertion::Fresh), count(Insertion::Seen)), (1, 255));
}

/// T13.
#[test]
fn a_million_entries_fit_40_mib_and_the_memory_comes_back() {
    // Hashing a million strings is what would take long here.
    fn numbered(n: u32) -> ReplayKey {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        ReplayKey::from_bytes(bytes)
    }
    let mut window = window(1_000_000);
    let empty = window.memory_bytes();
    for n in 0..1_000_000 {
        assert_eq!(window.insert(numbered(n), at(60), at(0)), Insertion::Fresh);
    }
    assert_eq!(
        window.insert(numbered(1_000_000), at(60), at(60)),
        Insertion::Full
    );
    assert!(
        window.memory_bytes() <= 32_000_000,
        "{}",
        window.memory_bytes()
    );
    assert!(empty <= 64 * 1024, "{empty}");

    // One request a second, no sweep: all of it is back within seconds.
    for second in 0..20 {
        let n = 2_000_000 + second;
        let now = 61 + i64::from(second);
        assert_eq!(
            window.insert(numbered(n), at(now + 60), at(now)),
            Insertion::Fresh
        );
    }
    assert_eq!(window.len(), 20);
    assert!(
        window.memory_bytes() <= empty + 20 * 100,
        "{}",
        window.memory_bytes()
    );
}

// Entries of all ages in each shard: they go shard by shard, at the pace of the traffic.
#[test]
fn memory_comes_back_under_light_traffic_when_ages_are_mixed() {
    let mut window = window(40_000);
    for n in 0..40_000 {
        let expires = at(60 + i64::from(n % 200));
        assert_eq!(window.insert(key(n), expires, at(0)), Insertion::Fresh);
    }
    let full = window.memory_bytes();
    for second in 0..100 {
        let now = 160 + second;
        assert_eq!(
            window.insert(key(99_999), at(60), at(now)),
            Insertion::Forgotten
        );
    }
    assert_eq!(window.len(), 200);
    assert!(
        window.memory_bytes() < full / 20,
        "{} of {full}",
        window.memory_bytes()
    );
}

#[test]
fn sweep_gives_the_memory_back() {
    let mut window = window(20_000);
    let empty = window.memory_bytes();
    fill(&mut window, 0..10_000, 60, 0);
    let full = window.memory_bytes();
    fill(&mut window, 10_000..11_000, 90, 0);
    window.sweep(at(60));
    assert_eq!(window.len(), 11_000);
    window.sweep(at(61));
    assert_eq!(window.len(), 1000);
    assert!(window.memory_bytes() < full / 8);
    window.sweep(at(91));
    assert_eq!((window.len(), window.memory_bytes()), (0, empty));
}

#[test]
fn debug_shows_neither_hash_key_nor_entries() {
    let text = format!("{:?}", window(3));
    assert!(
        text.starts_with("ReplayWindow { epoch: Epoch { id: 1, "),
        "{text}"
    );
    assert!(text.ends_with("capacity: 3, len: 0, .. }"), "{text}");
}

#[derive(Clone, Debug)]
enum Event {
    /// The clock moves by these seconds.
    Clock(i64),
    /// A proof with this number, issued so many seconds ago.
    Proof(u32, i64),
    Sweep,
}

fn events(clock: std::ops::Range<i64>) -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        1 => clock.prop_map(Event::Clock),
        8 => (0..60u32, 0..10i64).prop_map(|(n, age)| Event::Proof(n, age)),
        1 => Just(Event::Sweep),
    ];
    prop::collection::vec(event, 1..300)
}

/// Seconds that a proof lives after it was issued.
const LIFE: i64 = 10;

proptest! {
    #[test]
    fn agrees_with_a_map_while_the_clock_runs_on(events in events(0..8), capacity in 0usize..40) {
        let mut window = window(capacity);
        let mut model: HashMap<u32, i64> = HashMap::new();
        let mut now = 0;
        for event in events {
            match event {
                Event::Clock(seconds) => now += seconds,
                Event::Sweep => window.sweep(at(now)),
                Event::Proof(n, age) => {
                    let expires = now - age + LIFE;
                    model.retain(|_, expires| *expires >= now);
                    let expected = if model.contains_key(&n) {
                        Insertion::Seen
                    } else if model.len() == capacity {
                        Insertion::Full
                    } else {
                        model.insert(n, expires);
                        Insertion::Fresh
                    };
                    prop_assert_eq!(window.insert(key(n), at(expires), at(now)), expected);
                }
            }
            prop_assert!(window.len() <= capacity);
            prop_assert!(window.memory_bytes() <= 40 + 32 * capacity + 80);
        }
    }

    // One proof is a key with one expiry. Whatever the clock does, it is fresh at most once.
    #[test]
    fn no_clock_makes_a_proof_fresh_twice(events in events(-40..40), capacity in 1usize..40) {
        let mut window = window(capacity);
        let mut accepted: HashSet<(u32, i64)> = HashSet::new();
        let mut now = 0i64;
        for event in events {
            match event {
                Event::Clock(seconds) => now += seconds,
                Event::Sweep => window.sweep(at(now)),
                Event::Proof(n, age) => {
                    // A few issue times only, so that the same proof comes again and again.
                    let expires = (now - age).div_euclid(10) * 10 + LIFE;
                    match window.insert(key(n), at(expires), at(now)) {
                        Insertion::Fresh => {
                            prop_assert!(now <= expires);
                            prop_assert!(accepted.insert((n, expires)));
                        }
                        Insertion::Seen => {
                            prop_assert!(accepted.iter().any(|(seen, _)| *seen == n));
                        }
                        Insertion::Full => {
                            let live = accepted.iter().filter(|(_, expires)| *expires >= now);
                            prop_assert!(live.count() >= capacity);
                        }
                        Insertion::Forgotten => {}
                    }
                }
            }
        }
    }

    // The same with times from the whole range, and an epoch from it.
    #[test]
    fn no_time_makes_a_proof_fresh_twice(
        since: i64,
        expiries in prop::collection::vec(any::<i64>(), 1..6),
        calls in prop::collection::vec((any::<prop::sample::Index>(), any::<i64>()), 1..60),
    ) {
        let epoch = Epoch::new(1, UnixTime::from_secs(since));
        let mut window = ReplayWindow::new(100, epoch, [3; 16]);
        let mut fresh = vec![0; expiries.len()];
        for (index, now) in calls {
            let index = index.index(expiries.len());
            // Small distances matter as much as large ones.
            for expires in [expiries[index], since.saturating_add(expiries[index] >> 34)] {
                let n = index as u32 + if expires == expiries[index] { 0 } else { 100 };
                let answer =
                    window.insert(key(n), UnixTime::from_secs(expires), UnixTime::from_secs(now));
                if answer == Insertion::Fresh && n < 100 {
                    fresh[index] += 1;
                }
            }
        }
        prop_assert!(fresh.iter().all(|&count| count <= 1));
    }
}
