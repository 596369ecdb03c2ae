//! The vectors of Wycheproof, verified in the module.

use envoy_wasm_filter::crypto::MODULE as PROVIDER;

#[path = "../../fapi-crypto/tests/vectors/mod.rs"]
mod vectors;
