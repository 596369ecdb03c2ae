//! Tower middleware for FAPI 2.0 resource servers.
//!
//! Behind a proxy, first see to `origin`: a DPoP proof names the public URL of the request, which this process cannot
//! see. It is taken from the configuration, never from `Host` or `X-Forwarded-*`.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod access;
mod drive;
#[cfg(feature = "axum")]
pub mod extract;
mod future;
mod jwks;
mod layer;
pub mod ports;
mod replay;
mod response;
mod secret;
mod service;
mod target;
#[cfg(feature = "testing")]
pub mod testing;

pub use access::Access;
pub use fapi_core::config::{Config as FapiConfig, ConfigError, IssuerConfig};
pub use fapi_core::{Denial, Reason};
pub use future::ResponseFuture;
pub use layer::{FapiLayer, FapiLayerBuilder};
pub use replay::MemoryReplayStore;
pub use service::Fapi;
