//! Clients: what is registered of them, and how they authenticate.

mod authentication;
mod document;
mod keys;
mod registry;
mod remote;

pub(crate) use authentication::{Claimed, check_age, decide, replay_query, verify};
pub use document::{AccessTokenFormat, AuthMethod, Client, GrantType, ResponseMode};
pub(crate) use registry::{Clients, Method, RegisteredClient};
pub(crate) use remote::RemoteKeySets;
