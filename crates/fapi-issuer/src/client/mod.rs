//! Clients: what is registered of them, and how they authenticate.

mod authentication;
mod capability;
mod document;
mod keys;
mod management;
mod registration;
mod registry;
mod remote;
mod stored;

pub(crate) use authentication::{Claimed, check_age, decide, replay_query, verify};
pub(crate) use capability::check_capabilities;
pub use document::{AccessTokenFormat, AuthMethod, Client, GrantType, ResponseMode, TokenExchange};
pub use management::ClientsError;
pub use registration::RegistrationConfig;
pub(crate) use registration::{MetadataProblem, Registration, describe};
pub(crate) use registry::{Clients, Method, RegisteredClient};
pub(crate) use remote::{RemoteKeySet, RemoteKeySets};
pub(crate) use stored::{Registrant, StoredClient};
