//! Fetched keys against issuers that are slow, dead or lying, over loopback HTTP and in simulated time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

#[cfg(feature = "metrics")]
mod counted;
mod discovery;
mod faults;
#[cfg(feature = "testing")]
mod layer;
mod lies;
mod rotation;
#[allow(dead_code, reason = "the tests of outages use the rest")]
mod server;
mod setting;
mod tls;
