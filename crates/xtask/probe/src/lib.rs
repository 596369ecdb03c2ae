//! A module that calls fapi-core; `cargo xtask wasm-core` lists what it imports.

mod core_calls;

/// Keeps the calls in the module: an export is not optimised away.
#[unsafe(no_mangle)]
pub extern "C" fn probe(now: i64) -> i64 {
    core_calls::run(now)
}
