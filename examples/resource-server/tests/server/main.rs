//! Tests of the built binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test, what cannot go on fails"
)]

mod foreign_client;
mod process;
mod start_and_stop;
mod strangers;
