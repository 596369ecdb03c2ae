//! The rules for fetching from issuers, apart from how a host does it: when keys are fetched and how long they count,
//! what an issuer's metadata say, and which answers are answers.

mod content;
mod lifetime;
mod metadata;
mod schedule;

pub use content::{is_json, is_signed_introspection};
pub use lifetime::freshness;
pub use metadata::{IssuerMetadata, MetadataError, metadata_addresses};
pub use schedule::{Next, Schedule, Times};
