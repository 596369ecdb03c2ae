//! Time that stands still until it is told to move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use fapi_core::UnixTime;

/// A clock that a test moves. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct TestClock {
    seconds: Arc<AtomicI64>,
}

impl TestClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: UnixTime) -> Self {
        Self {
            seconds: Arc::new(AtomicI64::new(time.as_secs())),
        }
    }

    /// The time that it shows.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.seconds.load(Ordering::SeqCst))
    }

    /// Moves it by so many seconds, back if negative.
    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets it to this time.
    pub fn set(&self, time: UnixTime) {
        self.seconds.store(time.as_secs(), Ordering::SeqCst);
    }

    /// What [`FapiLayerBuilder::clock`](crate::FapiLayerBuilder::clock) takes.
    pub fn source(&self) -> impl Fn() -> UnixTime + Send + Sync + 'static {
        let clock = self.clone();
        move || clock.now()
    }
}

/// The system's clock, for tests against a running server. Anything else should use a [`TestClock`].
#[must_use]
pub fn now() -> UnixTime {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the system's clock shows a time after 1970");
    UnixTime::from_secs(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
