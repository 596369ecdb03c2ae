//! The filter, compiled, in Envoy. Run by `cargo xtask envoy-test`, which provides both.

mod bench;
mod held;
mod smoke;
