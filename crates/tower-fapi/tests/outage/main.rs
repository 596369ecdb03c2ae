//! Dependencies that stop and come back: what clients are told meanwhile, what it costs, and who is served first.
#![cfg(feature = "testing")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

#[path = "../operation/door.rs"]
mod door;
#[path = "../introspect_support/mod.rs"]
mod introspect_support;
mod introspection;
mod keys;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
#[path = "../redis/server.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod redis_server;
#[path = "../keys/server.rs"]
#[allow(dead_code, reason = "the tests of the keys use the rest")]
mod server;
