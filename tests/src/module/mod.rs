//! The compiled Envoy filter in a small host, driven call by call.
//!
//! Envoy itself cannot be made to fail at a given call, to give a header map that lies, or to call back in an odd order.
//! This host can. What it does otherwise is what Envoy does, as far as the filter can see it.

mod abi;
mod faults;
mod guest;
mod worker;
mod world;

pub use faults::Faults;
pub use worker::{NOW, ROOT, Worker, imports};
pub use world::{ForeignFunctions, Header, Reply, Sent, SharedData, Stream, World};
