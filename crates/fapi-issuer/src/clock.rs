//! The time.

use std::time::{SystemTime, UNIX_EPOCH};

use fapi_core::UnixTime;

/// Tells the time.
pub(crate) type Clock = dyn Fn() -> UnixTime + Send + Sync;

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
