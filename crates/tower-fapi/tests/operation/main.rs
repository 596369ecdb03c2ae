//! The layer in operation: under load, after bad clocks, with clients that go away, and with secrets that are elsewhere.
#![cfg(feature = "testing")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod cancelled;
mod clock;
mod door;
#[path = "../introspect_support/mod.rs"]
mod introspect_support;
mod load;
#[path = "../log/mod.rs"]
mod log;
mod reload;
mod secrets;
#[path = "../keys/server.rs"]
#[allow(dead_code, reason = "the tests of the keys use the rest")]
mod server;
