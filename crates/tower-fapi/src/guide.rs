//! How to set up each part: one page a part, for whoever runs an API.
//!
//! Each page begins with what deployments trip over, and says how to set the part up, what is checked by which
//! specification, what is refused and how, limits and defaults, and how to see that it works.
//!
//! | page | about |
//! |---|---|
//! | [`getting_started`] | the public address, routers, CORS, TLS |
//! | [`keys`] | discovery, key sets, a private authority or a proxy |
//! | [`introspection`] | reference tokens, revocation |
//! | [`mtls`] | tokens bound to a client certificate |
//! | [`rules`] | paths, scopes, authorization details, step-up |
//! | [`metadata`] | protected resource metadata |
//! | [`replay`] | the memory of used proofs, in the process or in Redis |
//! | [`nonces`] | nonces and their keys |
//! | [`grpc`] | refusals and proofs for gRPC |
//! | [`report_only`] | a rollout without refusals |
//! | [`observability`] | metrics, log lines, spans, reason codes |
//! | [`operation`] | readiness, reload, secrets, failing dependencies |
//!
//! Every JSON snippet is a whole document, or members to be put beside `resource` and `issuers`.

// A page is always there to read. Its programs compile only where the features that they use are on.

#[cfg_attr(
    any(not(doctest), all(feature = "axum", feature = "testing")),
    doc = include_str!("../docs/getting-started.md")
)]
pub mod getting_started {}

#[doc = include_str!("../docs/keys.md")]
pub mod keys {}

#[doc = include_str!("../docs/introspection.md")]
pub mod introspection {}

#[cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../docs/mtls.md"))]
pub mod mtls {}

#[cfg_attr(
    any(not(doctest), all(feature = "axum", feature = "testing")),
    doc = include_str!("../docs/rules.md")
)]
pub mod rules {}

#[cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../docs/metadata.md"))]
pub mod metadata {}

#[doc = include_str!("../docs/replay.md")]
pub mod replay {}

#[cfg_attr(
    any(not(doctest), all(feature = "axum", feature = "testing")),
    doc = include_str!("../docs/nonces.md")
)]
pub mod nonces {}

#[doc = include_str!("../docs/grpc.md")]
pub mod grpc {}

#[cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../docs/report-only.md"))]
pub mod report_only {}

#[cfg_attr(any(not(doctest), feature = "metrics"), doc = include_str!("../docs/observability.md"))]
pub mod observability {}

#[cfg_attr(
    any(not(doctest), all(feature = "axum", feature = "testing")),
    doc = include_str!("../docs/operation.md")
)]
pub mod operation {}
