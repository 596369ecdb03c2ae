//! Host-free verification core of a FAPI 2.0 resource server.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod config;
pub mod dpop;
pub mod jose;
mod time;

pub use time::UnixTime;
