//! `RedisReplayStore` with real servers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "the helpers of these tests fail as loudly as the tests"
)]

mod cluster;
mod entries;
mod failures;
mod fake;
mod login;
mod proxy;
mod sentinel;
mod server;
mod start;
mod store;
