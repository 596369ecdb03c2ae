//! Shares of the replay memory, per client and per key.

use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::UnixTime;
use crate::jose::Thumbprint;

/// Counters in a row; each client (and each key) has one counter in each of two rows.
const WIDTH: usize = 8192;
const ROWS: usize = 2;

/// Steps of time that a counter keeps apart. The oldest falls away as a whole.
const STEPS: usize = 8;

/// The most live entries of the replay memory that one client, and one key, may have.
///
/// Meant as shares of the capacity of the memory. A limit of 0 refuses everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Live entries of one client (issuer and client identifier) with all its keys.
    pub per_client: u64,
    /// Live entries of one key.
    pub per_key: u64,
}

/// The share that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaExceeded {
    /// The client has as many live entries as one client may have.
    Client,
    /// The key has as many live entries as one key may have.
    Key,
}

impl fmt::Display for QuotaExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "the client has used up its share of the replay memory",
            Self::Key => "the key has used up its share of the replay memory",
        })
    }
}

impl std::error::Error for QuotaExceeded {}

/// Counts the live entries of each client and of each key, in fixed memory.
///
/// They stand in front of every replay memory, because keys are free to make: without them one client with
/// a valid token fills the memory and everybody is refused. Counters are local to the process: behind `n`
/// processes a client has up to `n` shares of a shared memory. Requests that are between
/// [`Quotas::check`] and [`Quotas::record`] at the same time may exceed a limit by their number.
///
/// # Estimates
///
/// A counter is an upper bound of the live entries. It is too high for two reasons:
///
/// * *Time.* An entry counts for 7 to 8 steps of `lifetime_seconds / 7` (rounded up) after it was recorded: under
///   steady traffic up to 1/7 too many, more if it would have expired earlier or the lifetime is below 7 seconds.
/// * *Collisions.* Each client has one counter in each of two rows of 8192, and the lower one counts.
///   With evenly spread traffic that adds about 1/8192 of all live entries. With `h` clients at their
///   limit, another one shares both its counters with some of them with a probability of about `(h / 8192)²`. The
///   same goes for keys. Counters are chosen by SipHash-1-3 under `hash_key`, so nobody can aim at a victim's.
///
/// It is too low only after the clock was set back by more than a lifetime: what was recorded before then
/// counts for one more lifetime, even where the memory holds it longer.
///
/// # The price of each wrong answer
///
/// * A false [`QuotaExceeded`] refuses an honest client, the one that collides, until the entries of
///   the others expire. No one else is hurt.
/// * A false `Ok` lets a client take more than its share; the memory still never holds more than its capacity.
///   Neither lets a replay through: that is the memory's decision alone.
///
/// # Size
///
/// 4 × 8192 counters of 40 bytes: 1.25 MiB, allocated at once, for any number of clients and keys.
///
/// ```
/// use fapi_core::UnixTime;
/// use fapi_core::dpop::{QuotaExceeded, QuotaLimits, Quotas};
/// use fapi_core::jose::Thumbprint;
///
/// let limits = QuotaLimits { per_client: 2, per_key: 1 };
/// let mut quotas = Quotas::new(limits, 60, [0; 16]); // a host draws the hash key at random
/// let (now, jkt) = (UnixTime::from_secs(1_700_000_000), Thumbprint::from_bytes([0; 32]));
/// assert_eq!(quotas.check("https://as.example.com", "client", &jkt, now), Ok(()));
/// quotas.record("https://as.example.com", "client", &jkt, now);
/// assert_eq!(quotas.check("https://as.example.com", "client", &jkt, now), Err(QuotaExceeded::Key));
/// assert_eq!(quotas.check("https://as.example.com", "client", &jkt, now.plus(70)), Ok(()));
/// ```
pub struct Quotas {
    limits: QuotaLimits,
    /// Seconds of one step, at least 1.
    step: i64,
    hash_key: [u8; 16],
    clients: Sketch,
    keys: Sketch,
}

impl Quotas {
    /// Counters at zero.
    ///
    /// `lifetime_seconds` is the longest life of an entry in the memory, `hash_key` 16 random bytes that nobody
    /// outside the process knows.
    #[must_use]
    pub fn new(limits: QuotaLimits, lifetime_seconds: i64, hash_key: [u8; 16]) -> Self {
        // An entry recorded in the last second of a step counts for 7 more steps: they cover its life.
        let step = (lifetime_seconds / 7).saturating_add(i64::from(lifetime_seconds % 7 > 0));
        Self {
            limits,
            step: step.max(1),
            hash_key,
            clients: Sketch::new(),
            keys: Sketch::new(),
        }
    }

    /// Whether one more entry is within the shares of this client and this key. Counts nothing.
    ///
    /// # Errors
    ///
    /// The share that is used up, the client's first.
    pub fn check(
        &self,
        issuer: &str,
        client: &str,
        key: &Thumbprint,
        now: UnixTime,
    ) -> Result<(), QuotaExceeded> {
        let step = self.step_of(now);
        if self
            .clients
            .estimate(self.client_hash(issuer, client), step)
            >= self.limits.per_client
        {
            return Err(QuotaExceeded::Client);
        }
        if self.keys.estimate(self.key_hash(key), step) >= self.limits.per_key {
            return Err(QuotaExceeded::Key);
        }
        Ok(())
    }

    /// Counts one entry, after the replay memory called the proof fresh and only then: a refused or
    /// replayed proof takes no room.
    pub fn record(&mut self, issuer: &str, client: &str, key: &Thumbprint, now: UnixTime) {
        let step = self.step_of(now);
        self.clients.add(self.client_hash(issuer, client), step);
        self.keys.add(self.key_hash(key), step);
    }

    fn client_hash(&self, issuer: &str, client: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.hash_key);
        // The length in front: no other issuer and client run together to the same bytes.
        hasher.write_u64(issuer.len() as u64);
        hasher.write(issuer.as_bytes());
        hasher.write(client.as_bytes());
        hasher.finish()
    }

    fn key_hash(&self, key: &Thumbprint) -> u64 {
        SipHasher13::new_with_key(&self.hash_key).hash(key.as_bytes())
    }

    fn step_of(&self, now: UnixTime) -> i64 {
        now.as_secs().checked_div_euclid(self.step).unwrap_or(0)
    }
}

impl fmt::Debug for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the hash key nor the counters.
        f.debug_struct("Quotas")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Two rows of counters; a name has one in each, and the lower one is nearer to the truth (a count-min sketch).
struct Sketch {
    rows: [Box<[Counter]>; ROWS],
}

impl Sketch {
    fn new() -> Self {
        Self {
            rows: std::array::from_fn(|_| vec![Counter::ZERO; WIDTH].into_boxed_slice()),
        }
    }

    fn estimate(&self, hash: u64, step: i64) -> u64 {
        let counters = self.rows.iter().zip(columns(hash));
        counters
            .filter_map(|(row, column)| row.get(column))
            .map(|counter| counter.total(step))
            .min()
            .unwrap_or(u64::MAX)
    }

    fn add(&mut self, hash: u64, step: i64) {
        for (row, column) in self.rows.iter_mut().zip(columns(hash)) {
            if let Some(counter) = row.get_mut(column) {
                counter.add(step);
            }
        }
    }
}

/// The counter of each row, from different bits of the hash.
fn columns(hash: u64) -> [usize; ROWS] {
    [hash as usize % WIDTH, (hash >> 32) as usize % WIDTH]
}

/// The entries recorded in the last steps of time up to `latest`; step `s` is at `s mod 8`.
#[derive(Clone, Copy)]
struct Counter {
    latest: i64,
    counts: [u32; STEPS],
}

impl Counter {
    const ZERO: Self = Self {
        latest: i64::MIN,
        counts: [0; STEPS],
    };

    /// What counts in the step `now`.
    fn total(&self, now: i64) -> u64 {
        match self.since_latest(now) {
            Elapsed::Back | Elapsed::Steps(0) => self.counts.iter().map(|&n| u64::from(n)).sum(),
            Elapsed::Steps(steps) => {
                let kept = self.oldest_first().skip(steps);
                kept.map(|&n| u64::from(n)).sum()
            }
        }
    }

    fn add(&mut self, now: i64) {
        match self.since_latest(now) {
            Elapsed::Steps(0) => {}
            Elapsed::Steps(steps) => {
                let gone = steps.min(STEPS);
                for offset in 1..=gone {
                    // From the step after `latest` on, at most all the way round.
                    self.set(self.latest.wrapping_add(offset as i64), 0);
                }
                self.latest = now;
            }
            Elapsed::Back => {
                // A clock set back by more than a lifetime: hold everything for one lifetime from now,
                // instead of until the clock has caught up.
                let all = self
                    .counts
                    .iter()
                    .fold(0u32, |sum, &n| sum.saturating_add(n));
                self.counts = [0; STEPS];
                self.latest = now;
                self.set(now, all);
            }
        }
        let count = self.counts.get_mut(place(self.latest));
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
    }

    fn since_latest(&self, now: i64) -> Elapsed {
        // 8 and more are one: everything has fallen away.
        let steps = now.saturating_sub(self.latest);
        if steps.saturating_add(STEPS as i64) < 0 {
            Elapsed::Back
        } else {
            Elapsed::Steps(usize::try_from(steps.max(0)).unwrap_or(STEPS))
        }
    }

    /// The counts from the oldest step to the latest.
    fn oldest_first(&self) -> impl Iterator<Item = &u32> {
        let oldest = place(self.latest.wrapping_add(1));
        self.counts.iter().cycle().skip(oldest).take(STEPS)
    }

    fn set(&mut self, step: i64, value: u32) {
        if let Some(count) = self.counts.get_mut(place(step)) {
            *count = value;
        }
    }
}

enum Elapsed {
    /// Steps since the latest one, 0 also for a clock that went back a little.
    Steps(usize),
    /// The clock went back by more than a lifetime.
    Back,
}

/// Where the count of a step is kept.
fn place(step: i64) -> usize {
    step.rem_euclid(STEPS as i64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ISSUER: &str = "https://as.example.com";
    const START: i64 = 1_700_000_000;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_secs(START + seconds)
    }

    fn jkt(n: u32) -> Thumbprint {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Thumbprint::from_bytes(bytes)
    }

    fn quotas(per_client: u64, per_key: u64, lifetime: i64) -> Quotas {
        Quotas::new(
            QuotaLimits {
                per_client,
                per_key,
            },
            lifetime,
            *b"0123456789abcdef",
        )
    }

    // I31
    #[test]
    fn a_client_with_many_keys_uses_up_its_own_share() {
        let mut quotas = quotas(1000, 10, 60);
        for n in 0..1000 {
            assert_eq!(quotas.check(ISSUER, "greedy", &jkt(n), at(0)), Ok(()));
            quotas.record(ISSUER, "greedy", &jkt(n), at(0));
        }
        let fresh_key = jkt(5000);
        assert_eq!(
            quotas.check(ISSUER, "greedy", &fresh_key, at(0)),
            Err(QuotaExceeded::Client)
        );
        assert_eq!(quotas.check(ISSUER, "other", &fresh_key, at(0)), Ok(()));
        assert_eq!(
            quotas.check("https://other.example", "greedy", &fresh_key, at(0)),
            Ok(())
        );
    }

    #[test]
    fn a_key_uses_up_its_own_share() {
        let mut quotas = quotas(1000, 10, 60);
        for _ in 0..10 {
            assert_eq!(quotas.check(ISSUER, "a", &jkt(1), at(0)), Ok(()));
            quotas.record(ISSUER, "a", &jkt(1), at(0));
        }
        assert_eq!(
            quotas.check(ISSUER, "a", &jkt(1), at(0)),
            Err(QuotaExceeded::Key)
        );
        assert_eq!(
            quotas.check(ISSUER, "b", &jkt(1), at(0)),
            Err(QuotaExceeded::Key)
        );
        assert_eq!(quotas.check(ISSUER, "a", &jkt(2), at(0)), Ok(()));
    }

    #[test]
    fn counts_last_a_lifetime_and_at_most_two_sevenths_more() {
        for offset in 0..70 {
            let mut quotas = quotas(1, 1, 70);
            let refused = Err(QuotaExceeded::Client);
            quotas.record(ISSUER, "a", &jkt(1), at(offset));
            assert_eq!(quotas.check(ISSUER, "a", &jkt(1), at(offset + 70)), refused);
            assert_eq!(quotas.check(ISSUER, "a", &jkt(1), at(offset + 81)), Ok(()));
        }
    }

    #[test]
    fn steady_traffic_is_overestimated_by_a_seventh_at_most() {
        let mut quotas = quotas(u64::MAX, u64::MAX, 70);
        for second in 0..500 {
            for _ in 0..7 {
                quotas.record(ISSUER, "a", &jkt(1), at(second));
            }
            let estimate = quotas
                .clients
                .estimate(quotas.client_hash(ISSUER, "a"), quotas.step_of(at(second)));
            let live = 7 * (second + 1).min(71) as u64;
            assert!(estimate >= live, "second {second}");
            assert!(estimate <= 7 * 80, "second {second}: {estimate}");
        }
    }

    #[test]
    fn many_clients_hardly_disturb_each_other() {
        let mut quotas = quotas(100, 100, 60);
        for n in 0..20_000 {
            quotas.record(ISSUER, &n.to_string(), &jkt(n), at(0));
        }
        let refused = (0..20_000)
            .filter(|n| {
                quotas
                    .check(ISSUER, &n.to_string(), &jkt(*n), at(0))
                    .is_err()
            })
            .count();
        assert_eq!(refused, 0);
    }

    #[test]
    fn issuer_and_client_do_not_run_together() {
        let quotas = quotas(1, 1, 60);
        assert_ne!(quotas.client_hash("ab", "c"), quotas.client_hash("a", "bc"));
        assert_ne!(quotas.client_hash("", "abc"), quotas.client_hash("abc", ""));
    }

    #[test]
    fn a_limit_of_zero_refuses_everything() {
        let none = quotas(0, 0, 60);
        assert_eq!(
            none.check(ISSUER, "a", &jkt(1), at(0)),
            Err(QuotaExceeded::Client)
        );
        let no_key = quotas(1, 0, 60);
        assert_eq!(
            no_key.check(ISSUER, "a", &jkt(1), at(0)),
            Err(QuotaExceeded::Key)
        );
    }

    #[test]
    fn a_clock_that_was_ahead_for_a_moment_freezes_no_count() {
        let mut quotas = quotas(10, 10, 60);
        for _ in 0..5 {
            quotas.record(ISSUER, "a", &jkt(1), at(86_400));
        }
        for _ in 0..5 {
            quotas.record(ISSUER, "a", &jkt(1), at(0));
        }
        assert_eq!(
            quotas.check(ISSUER, "a", &jkt(1), at(60)),
            Err(QuotaExceeded::Client)
        );
        assert_eq!(quotas.check(ISSUER, "a", &jkt(1), at(80)), Ok(()));
    }

    #[test]
    fn counters_stop_at_their_end() {
        let mut counter = Counter {
            latest: 0,
            counts: [u32::MAX; STEPS],
        };
        counter.add(0);
        assert_eq!(counter.total(0), 8 * u64::from(u32::MAX));
        counter.add(-100);
        assert_eq!(counter.total(-100), u64::from(u32::MAX));
    }

    #[test]
    fn size_is_as_documented() {
        assert_eq!(size_of::<Counter>() * WIDTH * ROWS * 2, 1_310_720);
    }

    proptest! {
        // The truth: what was recorded and has not expired at any time since.
        #[test]
        fn the_estimate_is_never_below_the_truth(
            lifetime in 1i64..100,
            events in prop::collection::vec((0..4u32, 0..3u32, 0i64..20, 0i64..20), 1..200),
        ) {
            let mut quotas = quotas(u64::MAX, u64::MAX, lifetime);
            let mut recorded: Vec<(u32, u32, i64)> = Vec::new();
            let mut highest = 0;
            for (client, key, ahead, back) in events {
                highest += ahead;
                // Threads disagree about the time, by up to a lifetime here.
                let now = highest - back.min(lifetime);
                quotas.record(ISSUER, &client.to_string(), &jkt(key), at(now));
                recorded.push((client, key, now));
                recorded.retain(|(_, _, since)| highest <= since + lifetime);

                for client in 0..4 {
                    let truth = recorded.iter().filter(|(c, _, _)| *c == client).count() as u64;
                    let hash = quotas.client_hash(ISSUER, &client.to_string());
                    prop_assert!(quotas.clients.estimate(hash, quotas.step_of(at(now))) >= truth);
                }
                for key in 0..3 {
                    let truth = recorded.iter().filter(|(_, k, _)| *k == key).count() as u64;
                    let hash = quotas.key_hash(&jkt(key));
                    prop_assert!(quotas.keys.estimate(hash, quotas.step_of(at(now))) >= truth);
                }
            }
        }

        #[test]
        fn no_time_panics_and_the_latest_record_counts(
            lifetime: i64,
            times in prop::collection::vec(prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)], 1..20),
        ) {
            let mut quotas = quotas(1, 1, lifetime);
            for now in times.into_iter().map(UnixTime::from_secs) {
                quotas.record(ISSUER, "a", &jkt(1), now);
                prop_assert_eq!(
                    quotas.check(ISSUER, "a", &jkt(1), now),
                    Err(QuotaExceeded::Client)
                );
            }
        }
    }
}
