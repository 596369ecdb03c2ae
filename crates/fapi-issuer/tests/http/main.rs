//! The endpoints over real connections on loopback, in simulated time.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

mod concurrency;
mod discovery;
#[cfg(feature = "jwe")]
mod encryption;
mod errors;
mod exchange;
mod flow;
mod harness;
mod introspection;
mod nonces;
mod registration;
#[cfg(feature = "remote-keys")]
mod remote_keys;
mod revocation;
mod rotation;
mod scene;
mod tokens;
