//! What the conformance plans of the OpenID Foundation for FAPI 2.0 (Security Profile and Message Signing, final) ask of
//! an authorization server and a resource server: their modules one by one, each named as it is there, for each variant
//! that it applies to, over HTTPS. Where a module takes several outcomes, the one without a warning is asked for.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

mod authorization_endpoint;
mod discovery;
mod flow;
mod metadata;
mod oddities;
mod proofs;
mod push;
mod refresh;
mod resource;
mod server;
mod signing;
mod tls;
mod token_endpoint;
