//! A whole axum application behind the layer, with rules in the configuration: what gets to which handler, and what the
//! others are told.

#![cfg(all(feature = "axum", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod headers;
mod nested;
mod paths;
mod reload;
mod report;
mod requirements;
mod setting;
