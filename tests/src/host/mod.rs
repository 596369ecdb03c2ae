//! The doors that the table is run through.

pub mod client;
mod core;
mod endpoint;
mod envoy;
mod layer;
mod store;

pub use self::core::CoreHost;
pub use envoy::{EnvoyDoor, EnvoyHost};
pub use layer::LayerHost;
pub use store::Store;

use tower_fapi::testing::{TestClock, UnixTime};

use crate::wire::{Answer, WireRequest};

/// A way to have a request verified under one profile.
pub trait Host {
    fn send(&mut self, request: &WireRequest) -> Answer;

    /// The clock that the host reads, if it can be moved. Others read the system's.
    fn clock(&self) -> Option<&TestClock>;

    /// Since when the replay store remembers.
    fn remembers_since(&self) -> UnixTime;

    /// How often the replay store was asked so far, if that can be told.
    fn store_calls(&self) -> Option<u64>;

    /// Whether a real HTTP parser stands in front.
    fn parser(&self) -> Parser;
}

/// Who reads the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// Nobody: the core sees the parts as they are.
    None,
    /// An HTTP server, which refuses what is no HTTP.
    Http,
}
