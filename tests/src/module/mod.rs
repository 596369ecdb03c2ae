//! The compiled Envoy filter in a small host, driven call by call.
//!
//! Envoy itself cannot be made to fail at a given call, to give a header map that lies, or to call back in an odd order.
//! This host can. What it does otherwise is what Envoy does, as far as the filter can see it.

mod abi;
mod faults;
mod guest;
mod random;
mod worker;
mod world;

use std::path::PathBuf;

pub use faults::Faults;
pub use random::Random;
pub use worker::{ROOT, Worker, imports};
pub use world::{ForeignFunctions, Header, Reply, Sent, SharedData, Stream, World};

/// Where the module is, as `cargo xtask envoy-test` says it.
pub const MODULE: &str = "FAPI_ENVOY_MODULE";

/// The module built from this source.
///
/// # Panics
///
/// The variable is not set: a test that cannot run fails.
#[must_use]
pub fn path() -> PathBuf {
    std::env::var_os(MODULE).map(PathBuf::from).unwrap_or_else(|| {
        panic!("{MODULE} does not say where the filter's module is: run `cargo xtask envoy-test`")
    })
}
