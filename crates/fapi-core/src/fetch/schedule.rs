//! When an issuer's keys count, and when they are fetched again. Pure: the time is an argument.

use std::sync::Arc;
use std::time::Duration;

use crate::{KeySet, Unavailable};

/// How long a set may still serve that is not fresh, while fetching fails.
const MAX_STALE: Duration = Duration::from_secs(3600);

/// How long the failure of a fetch excuses an old set once the next fetch should have ended.
const GRACE: Duration = Duration::from_secs(10);

/// The first waits after failures, in seconds.
const BACK_OFF: [u64; 5] = [1, 2, 4, 8, 16];

/// The wait after each further one.
const MAX_BACK_OFF: Duration = Duration::from_secs(30);

/// How often the set is fetched again for a `kid` that it lacks.
const COOL_DOWN: Duration = Duration::from_secs(10);

/// One issuer's keys, and the times that matter to them.
///
/// The time is an argument everywhere: how much has passed since a fixed moment of the host's choice.
#[derive(Clone, Debug)]
pub struct Schedule {
    keys: Option<Arc<KeySet>>,
    times: Times,
    /// How long a fetch may take.
    timeout: Duration,
}

/// The times of a [`Schedule`], for hosts whose threads share them. Each is a duration since the same fixed moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From then on the set should be fetched again.
    pub refresh_at: Duration,
    /// Until then it serves without question.
    pub fresh_until: Duration,
    /// How many fetches in a row have failed.
    pub failures: usize,
    /// Before this no fetch begins: an earlier one failed.
    pub retry_at: Duration,
    /// Until then the last failure excuses an old set.
    pub excused_until: Duration,
    /// When the allowance for unknown keys is whole again.
    pub allowance_whole_at: Duration,
}

/// What to do about a request that needs keys.
#[derive(Debug)]
pub enum Next {
    /// Go on with these, or without.
    Answer(Result<Arc<KeySet>, Unavailable>),
    /// The same, because the keys were fetched again for others a moment ago.
    CoolDown(Result<Arc<KeySet>, Unavailable>),
    /// Fetch.
    Fetch,
}

impl Schedule {
    /// A schedule without keys, for fetches that take no longer than `timeout`.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self::restore(None, Times::default(), timeout)
    }

    /// A schedule as another thread left it, with the keys of the last fetch that succeeded.
    #[must_use]
    pub const fn restore(keys: Option<Arc<KeySet>>, times: Times, timeout: Duration) -> Self {
        Self {
            keys,
            times,
            timeout,
        }
    }

    /// The same keys and times, where a fetch may take as long as `timeout`.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Its times.
    #[must_use]
    pub const fn times(&self) -> &Times {
        &self.times
    }

    /// The keys that may be used now.
    ///
    /// Old ones only as long as it is known that the issuer does not answer: after a pause without requests nothing is,
    /// and they must be fetched first.
    #[must_use]
    pub fn usable(&self, now: Duration) -> Option<&Arc<KeySet>> {
        let keys = self.keys.as_ref()?;
        let Times {
            fresh_until,
            failures,
            excused_until,
            ..
        } = self.times;
        let stale_until = fresh_until.saturating_add(MAX_STALE);
        let excused = failures > 0 && now < excused_until.min(stale_until);
        (now < fresh_until || excused).then_some(keys)
    }

    /// Whether the keys at hand should be fetched again. Those that are not there wait for a request.
    #[must_use]
    pub fn refresh_is_due(&self, now: Duration) -> bool {
        self.keys.is_some() && now >= self.times.refresh_at && self.may_fetch(now)
    }

    /// Whether no failure forbids to fetch.
    #[must_use]
    pub fn may_fetch(&self, now: Duration) -> bool {
        now >= self.times.retry_at
    }

    /// What to do about a request whose key is not in the set, or that found no set. `Fetch` may use up an allowance.
    #[must_use]
    pub fn next(&mut self, kid: Option<&str>, now: Duration) -> Next {
        let unknown = match (self.usable(now), kid) {
            (None, _) => return self.fetch_or_answer(kid, now),
            (Some(keys), kid) => kid.is_some_and(|kid| !keys.has_kid(kid)),
        };
        if !unknown {
            return Next::Answer(self.outcome(kid, now));
        }
        // After a failure the back-off is the limit, so that a new key counts as soon as the issuer is back.
        if self.times.failures > 0 || self.use_allowance(now) {
            self.fetch_or_answer(kid, now)
        } else {
            Next::CoolDown(self.outcome(kid, now))
        }
    }

    fn fetch_or_answer(&self, kid: Option<&str>, now: Duration) -> Next {
        if self.may_fetch(now) {
            Next::Fetch
        } else {
            Next::Answer(self.outcome(kid, now))
        }
    }

    /// The keys as they are now, or when they may be there.
    ///
    /// A set that lacks `kid` is no answer while fetching fails: the issuer may have published that key since.
    ///
    /// # Errors
    ///
    /// No set may be used now; after how many seconds to ask again.
    pub fn outcome(&self, kid: Option<&str>, now: Duration) -> Result<Arc<KeySet>, Unavailable> {
        self.usable(now)
            .filter(|keys| self.times.failures == 0 || kid.is_none_or(|kid| keys.has_kid(kid)))
            .cloned()
            .ok_or_else(|| self.retry_after(now))
    }

    /// New keys, asked for at `asked` and fresh for `lifetime` from then on.
    pub fn succeeded(&mut self, keys: Arc<KeySet>, lifetime: Duration, asked: Duration) {
        let ahead = lifetime.checked_div(5).unwrap_or_default();
        let fresh_until = asked.saturating_add(lifetime);
        self.keys = Some(keys);
        self.times.refresh_at = fresh_until.saturating_sub(ahead);
        self.times.fresh_until = fresh_until;
        self.times.failures = 0;
        self.times.retry_at = Duration::ZERO;
    }

    /// A fetch failed at `now`. Answers how many in a row did.
    pub fn failed(&mut self, now: Duration) -> usize {
        let wait = BACK_OFF.get(self.times.failures).copied();
        let wait = wait.map_or(MAX_BACK_OFF, Duration::from_secs);
        self.times.failures = self.times.failures.saturating_add(1);
        self.times.retry_at = now.saturating_add(wait);
        let next_ends = self.times.retry_at.saturating_add(self.timeout);
        self.times.excused_until = next_ends.saturating_add(GRACE);
        self.times.failures
    }

    /// How many fetches in a row have failed.
    #[must_use]
    pub const fn failures(&self) -> usize {
        self.times.failures
    }

    /// Two in a row, then one per cool-down.
    fn use_allowance(&mut self, now: Duration) -> bool {
        let left = self.times.allowance_whole_at.saturating_sub(now);
        if left > COOL_DOWN {
            return false;
        }
        self.times.allowance_whole_at = now.saturating_add(left).saturating_add(COOL_DOWN);
        true
    }

    fn retry_after(&self, now: Duration) -> Unavailable {
        let wait = self.times.retry_at.saturating_sub(now).as_secs();
        // Rounded up, and never "at once".
        let seconds = u32::try_from(wait.saturating_add(1)).unwrap_or(u32::MAX);
        Unavailable::retry_after_seconds(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);
    const LIFETIME: Duration = Duration::from_secs(300);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn keys(kid: &str) -> Arc<KeySet> {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let json =
            format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}]}}"#);
        Arc::new(KeySet::from_json(json.as_bytes()).unwrap())
    }

    fn holding(kid: &str) -> Schedule {
        let mut schedule = Schedule::new(TIMEOUT);
        schedule.succeeded(keys(kid), LIFETIME, at(0));
        schedule
    }

    fn fetches(schedule: &mut Schedule, kid: &str, now: Duration) -> bool {
        matches!(schedule.next(Some(kid), now), Next::Fetch)
    }

    #[test]
    fn keys_are_refreshed_before_they_are_old() {
        let schedule = holding("a");
        assert!(!schedule.refresh_is_due(at(239)));
        assert!(schedule.refresh_is_due(at(240)));
        assert!(schedule.usable(at(299)).is_some());
        // Nobody asked for five minutes: what the issuer says now is not known.
        assert!(schedule.usable(at(300)).is_none());
    }

    #[test]
    fn old_keys_serve_for_an_hour_while_fetching_fails() {
        let mut schedule = holding("a");
        let mut now = at(240);
        while now < at(300 + 3600) {
            assert!(schedule.usable(now).is_some(), "{now:?}");
            assert!(schedule.may_fetch(now), "{now:?}");
            // The attempt takes as long as it may.
            let end = now.saturating_add(TIMEOUT);
            assert!(schedule.usable(end.min(at(3899))).is_some(), "{now:?}");
            schedule.failed(end);
            now = schedule.times.retry_at;
        }
        assert!(schedule.usable(at(3900)).is_none());
        assert!(schedule.outcome(None, at(3900)).is_err());
    }

    #[test]
    fn a_failure_long_ago_excuses_nothing() {
        let mut schedule = holding("a");
        schedule.failed(at(250));
        // 250 + back-off 1 + time-out 5 + grace 10.
        assert!(schedule.usable(at(299)).is_some());
        assert!(schedule.usable(at(300)).is_none());
        schedule.failed(at(400));
        assert!(schedule.usable(at(400 + 2 + 5 + 10 - 1)).is_some());
        assert!(schedule.usable(at(400 + 2 + 5 + 10)).is_none());
    }

    #[test]
    fn waits_grow_to_half_a_minute_and_end_with_success() {
        let mut schedule = Schedule::new(TIMEOUT);
        for wait in [1, 2, 4, 8, 16, 30, 30, 30] {
            schedule.failed(at(1000));
            assert!(!schedule.may_fetch(at(1000 + wait - 1)), "{wait}");
            assert!(schedule.may_fetch(at(1000 + wait)), "{wait}");
        }
        schedule.succeeded(keys("a"), LIFETIME, at(1000));
        assert!(schedule.may_fetch(at(1000)));
        schedule.failed(at(2000));
        assert!(schedule.may_fetch(at(2001)));
    }

    #[test]
    fn clients_are_told_when_to_come_back() {
        let mut schedule = Schedule::new(TIMEOUT);
        for _ in 0..6 {
            schedule.failed(at(1000));
        }
        let after = |now| schedule.outcome(None, now).unwrap_err().retry_after();
        assert_eq!(after(at(1000)), 31);
        assert_eq!(after(at(1029)), 2);
        assert_eq!(after(at(1030)), 1);
        assert_eq!(after(at(9999)), 1);
    }

    #[test]
    fn unknown_keys_have_a_burst_of_two_then_one_in_ten_seconds() {
        let mut schedule = holding("a");
        assert!(fetches(&mut schedule, "b", at(1)));
        assert!(fetches(&mut schedule, "c", at(1)));
        assert!(!fetches(&mut schedule, "d", at(1)));
        assert!(!fetches(&mut schedule, "e", at(10)));
        assert!(fetches(&mut schedule, "f", at(11)));
        assert!(!fetches(&mut schedule, "g", at(11)));
        assert!(!fetches(&mut schedule, "h", at(20)));
        assert!(fetches(&mut schedule, "i", at(21)));
        // After a long pause the burst is two again, not more.
        assert!(fetches(&mut schedule, "j", at(200)));
        assert!(fetches(&mut schedule, "k", at(200)));
        assert!(!fetches(&mut schedule, "l", at(200)));
        assert!(matches!(
            schedule.next(Some("m"), at(200)),
            Next::CoolDown(Ok(keys)) if keys.has_kid("a")
        ));
        // What is in the set needs no allowance.
        assert!(matches!(
            schedule.next(Some("a"), at(200)),
            Next::Answer(Ok(_))
        ));
    }

    #[test]
    fn an_unknown_key_is_not_refused_while_nobody_can_be_asked() {
        let mut schedule = holding("a");
        assert!(fetches(&mut schedule, "b", at(1)));
        schedule.failed(at(1));
        assert!(matches!(
            schedule.next(Some("b"), at(1)),
            Next::Answer(Err(_))
        ));
        assert!(schedule.outcome(Some("b"), at(1)).is_err());
        assert!(schedule.outcome(Some("a"), at(1)).is_ok());
        // The back-off is over: whatever the allowance, the key may be there now.
        assert!(fetches(&mut schedule, "b", at(2)));
        schedule.failed(at(2));
        assert!(fetches(&mut schedule, "b", at(4)));
        schedule.succeeded(keys("b"), LIFETIME, at(4));
        assert!(schedule.outcome(Some("b"), at(4)).is_ok());
        // A set that was fetched is an answer.
        assert!(schedule.outcome(Some("a"), at(4)).is_ok());
    }

    #[test]
    fn without_keys_every_request_may_fetch_unless_one_failed() {
        let mut schedule = Schedule::new(TIMEOUT);
        for _ in 0..3 {
            assert!(matches!(schedule.next(None, at(0)), Next::Fetch));
        }
        schedule.failed(at(0));
        assert!(matches!(schedule.next(None, at(0)), Next::Answer(Err(_))));
        assert!(matches!(schedule.next(None, at(1)), Next::Fetch));
    }
}
