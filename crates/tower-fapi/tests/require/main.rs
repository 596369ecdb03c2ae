//! Requirements in code, behind the layer: what gets through, and what the others are told.

#![cfg(all(feature = "axum", feature = "testing"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic too"
)]

mod details;
mod extractor;
#[path = "../log/mod.rs"]
mod log;
mod misplaced;
mod plain;
mod report;
mod same_as_rules;
#[path = "../rules/setting.rs"]
mod setting;
mod stacked;

use fapi_core::DetailType;

/// How much may be paid, as text: exactly.
#[derive(Debug, serde::Deserialize)]
struct Payment {
    amount: String,
}

impl DetailType for Payment {
    const TYPE: &'static str = "payment_initiation";
}
