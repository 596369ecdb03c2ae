//! The calls into fapi-core. What is not reached from here is not checked: add the entry points of the verifier.

use std::hint::black_box;

use fapi_core::UnixTime;
use fapi_core::dpop::{Origin, TargetUri};
use fapi_core::jose::Algorithm;

/// Counts the calls that accept their input, so that the compiler keeps every call; 0 at the end of time.
pub(crate) fn run(now: i64) -> i64 {
    let is_over = UnixTime::from_secs(now).plus(black_box(1)).as_secs() == now;
    if is_over {
        return 0;
    }
    let accepted = [
        Algorithm::from_name(black_box("ES256")).is_some(),
        is_target(black_box("https://api.example.com/accounts")),
    ];
    accepted.into_iter().map(i64::from).sum()
}

fn is_target(htu: &str) -> bool {
    Origin::parse(black_box("https://api.example.com")).is_ok_and(|origin| {
        TargetUri::new(&origin, "", black_box("/accounts"))
            .matches(htu)
            .is_ok()
    })
}
