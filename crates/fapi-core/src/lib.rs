//! The host-free core of a FAPI 2.0 resource server.
//!
//! It decides whether whoever presents an access token is the one it was issued to, and performs no effect on the way:
//! no I/O, no clock, no randomness, no async. A host (the tower layer, the Envoy filter) shows it a request, answers
//! its questions, and writes down the verdict.
//!
//! Mind the public URL: a DPoP proof names it (`htu`), and behind a proxy it is not what this process sees. It comes
//! from the configuration (`origin`), never from `Host` or `X-Forwarded-*`.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use fapi_core::config::Config;
//! use fapi_core::dpop::{NonceKeys, ReplayWindow};
//! use fapi_core::{
//!     Facts, KeySet, KnownKeys, Policy, PresentedRequest, ReplayAnswer, Step, UnixTime, Unavailable, Verdict,
//!     Verifier,
//! };
//!
//! struct OneIssuer(Arc<KeySet>);
//!
//! impl KnownKeys for OneIssuer {
//!     fn key_set(&self, _issuer: &str) -> Option<Arc<KeySet>> {
//!         Some(Arc::clone(&self.0))
//!     }
//! }
//!
//! fn decide(
//!     verifier: &Arc<Verifier>,
//!     keys: &OneIssuer,
//!     used: &mut ReplayWindow,
//!     request: &PresentedRequest<'_>,
//!     now: UnixTime,
//! ) -> Verdict {
//!     let facts = Facts { keys, epoch: Some(used.epoch()) };
//!     let mut step = verifier.begin(request, &facts, now);
//!     loop {
//!         step = match step {
//!             Step::Done(verdict) => return verdict,
//!             Step::NeedReplayCheck(need) => {
//!                 let query = need.query();
//!                 let outcome = used.insert(query.key, query.expires, now).into();
//!                 let answer = ReplayAnswer { outcome, epoch: used.epoch() };
//!                 return need.resume(Ok(answer), now);
//!             }
//!             // This host has all its keys, and nobody to introspect tokens.
//!             Step::NeedKeys(need) => need.resume(Ok(Arc::clone(&keys.0)), now),
//!             Step::NeedIntrospection(need) => {
//!                 need.resume(Err(Unavailable::retry_after_seconds(60)), now)
//!             }
//!         };
//!     }
//! }
//! ```

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod access;
mod challenge;
pub mod config;
mod credentials;
pub mod denial;
pub mod dpop;
pub mod fetch;
pub mod jose;
mod keys;
mod metadata;
pub mod mtls;
mod policy;
mod possession;
mod protocol;
mod request;
mod rules;
mod step;
mod time;
pub mod token;
mod verifier;

pub use access::Access;
pub use challenge::Challenge;
pub use denial::{Denial, Reason, Unavailable};
pub use keys::{KeySet, KeySetError};
pub use metadata::ResourceMetadata;
pub use policy::Policy;
pub use protocol::{Protocol, is_interaction_id};
pub use request::{FieldLines, PresentedRequest, RequestKind};
pub use rules::{
    AuthorizationDetail, AuthorizationDetails, DetailType, MalformedAuthorizationDetails,
    MissingScope, PolicyError, Requirement, StepUp,
};
pub use step::{
    Accepted, IntrospectionQuery, IntrospectionResponse, KeysQuery, NeedIntrospection, NeedKeys,
    NeedReplayCheck, ReplayAnswer, ReplayOutcome, ReplayQuery, Step, Verdict,
};
pub use time::UnixTime;
pub use verifier::{Facts, KnownKeys, Verifier};
