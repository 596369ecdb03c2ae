//! Tokens of an authorization server that we did not write: node-oidc-provider, under its FAPI 2.0 profile.
//!
//! It runs as a child process on a port of 127.0.0.1, with the clock of the machine. [`fapi_tests::foreign`] says what
//! that needs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod api;
mod client;
mod jwt;
mod outage;
mod provider;
mod reference;
