//! The compiled Envoy filter, call by call: `cargo xtask envoy-test` builds it and says where it is.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod bytes;
mod cast;
mod failures;
mod order;
mod requests;
mod start;
mod waiting;
