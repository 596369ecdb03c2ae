//! The layer and our issuer over HTTP: revocation that is learnt by introspection, and keys that are exchanged.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod revocation;
mod rotation;
mod setting;
