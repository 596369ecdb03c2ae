//! Our issuer with a client that we did not write: npm's openid-client, which is certified for FAPI 2.0.
//!
//! It runs as a child process; the test is the user and their browser. All speak HTTPS on 127.0.0.1, by the clock of
//! the machine. [`fapi_tests::foreign`] says what that needs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod code_flow;
mod discovery;
mod message_signing;
mod relying_party;
mod setting;
mod tokens;
