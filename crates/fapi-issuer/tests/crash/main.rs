//! The built program on a storage that outlives it: killed at any moment, with a full disk, and two of it at once.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod codes;
mod disk;
#[path = "../http/harness.rs"]
#[expect(dead_code, reason = "the tests of the endpoints use all of it")]
mod harness;
mod pair;
#[path = "../postgres/mod.rs"]
#[expect(dead_code, reason = "the tests of the storage use all of it")]
mod postgres;
#[path = "../http/scene.rs"]
#[expect(dead_code, reason = "the tests of the endpoints use all of it")]
mod scene;
mod site;
mod tokens;
