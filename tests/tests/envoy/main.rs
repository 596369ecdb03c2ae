//! The filter, compiled, in Envoy. Run by `cargo xtask envoy-test`, which provides both.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod cast;
mod hostile;
mod introspection;
mod keys;
mod listeners;
mod mtls;
mod nonces;
mod operation;
mod pki;
mod replay;
mod smoke;
mod upstream;
mod vm_id;
