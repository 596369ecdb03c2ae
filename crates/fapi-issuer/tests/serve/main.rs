//! The issuer behind its own server, over TLS.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod authentication;
mod certificates;
mod connections;
mod limits;
mod scene;
