//! The endpoints over real connections on loopback, in simulated time.

mod concurrency;
mod discovery;
mod errors;
mod harness;
mod nonces;
mod tokens;
