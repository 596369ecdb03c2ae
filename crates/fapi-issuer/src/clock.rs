//! The time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fapi_core::UnixTime;

/// Tells the time.
pub(crate) type Clock = dyn Fn() -> UnixTime + Send + Sync;

/// Tells how much time has passed since a moment of its own choice.
pub(crate) type Elapsed = dyn Fn() -> Duration + Send + Sync;

/// The system's clock in whole seconds.
pub(crate) fn system_time() -> UnixTime {
    let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, i64::saturating_neg)
        }
    };
    UnixTime::from_secs(seconds)
}

/// The time that passes whoever sets the system's clock.
pub(crate) fn monotonic() -> Arc<Elapsed> {
    let began = Instant::now();
    Arc::new(move || began.elapsed())
}

/// The time that passes on this clock.
pub(crate) fn elapsed_on(clock: Arc<Clock>) -> Arc<Elapsed> {
    Arc::new(move || Duration::from_secs(u64::try_from(clock().as_secs()).unwrap_or_default()))
}
