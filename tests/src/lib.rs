//! Vectors and end-to-end tests: what needs more than one crate.
//!
//! [`cases`] holds the table of bad and good inputs, [`host`] the doors that it is run through, [`runner`] what is
//! asked of every case. [`suite`] is a client that asks an issuer what conformance tests ask. [`foreign`] runs other
//! implementations, [`served`] serves ours over HTTPS, [`envoy`] runs Envoy, [`mod@bench`] measures.
#![expect(
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test support: a failure here is a failed test, and nobody else uses it"
)]

pub mod assertion;
pub mod bench;
pub mod case;
pub mod cases;
pub mod certificate;
pub mod coverage;
pub mod directory;
pub mod envoy;
pub mod foreign;
pub mod forge;
pub mod form;
pub mod host;
pub mod introspection;
pub mod keys;
#[cfg(feature = "envoy")]
pub mod module;
pub mod profile;
pub mod random;
pub mod runner;
pub mod scene;
pub mod served;
pub mod suite;
pub mod wire;
