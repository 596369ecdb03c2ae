//! The filter, compiled, in Envoy. Run by `cargo xtask envoy-test`, which provides both.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod bench;
mod differences;
mod differential;
mod gone;
mod held;
mod routes;
mod smoke;
mod vectors;
