//! The filter, compiled, in Envoy. Run by `cargo xtask envoy-test`, which provides both.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod bench;
mod cast;
mod differences;
mod differential;
mod gone;
mod held;
mod hostile;
mod introspection;
mod keys;
mod listeners;
mod mtls;
mod nonces;
mod operation;
mod pki;
mod replay;
mod routes;
mod smoke;
mod upstream;
mod vectors;
mod vm_id;
