//! An authorization server and a resource server over TLS, and a client that asks of them what the OpenID Foundation's
//! conformance suite for FAPI 2.0 asks, in the same shapes, and looks as closely at the answers.
//!
//! One issuer with one configuration ([`document`]) serves all variants; they differ in the client alone. Servers and
//! clients share one clock, which stands still until a test moves it.

mod access;
mod answer;
mod authority;
mod authorize;
mod cast;
pub mod document;
mod entropy;
mod hello;
mod id_token;
mod jwt;
mod key_set;
mod party;
mod post;
mod push;
mod reply;
pub mod resource;
mod run;
mod token;
mod tokens;
mod user_agent;
mod variant;
mod world;

pub use access::Access;
pub use answer::Answer;
pub use authority::{Authority, Identity};
pub use authorize::{AuthorizationRequest, Duplicates};
pub use cast::{CAST, Cast};
pub use document::{ISSUER, RESOURCE};
pub use hello::{ClientHello, Greeting, HANDSHAKE_FAILURE, PROTOCOL_VERSION};
pub use jwt::Jwt;
pub use key_set::PublicKeys;
pub use party::{Completed, Number, Party};
pub use post::{Certificate, Post};
pub use push::{Push, Pushed};
pub use reply::Reply;
pub use run::Run;

pub use tokens::Tokens;
pub use user_agent::{Decision, Landing, Page, UserAgent};
pub use variant::{ClientAuth, Profile, RequestMethod, ResponseMode, Sender, Variant, Variants};
pub use world::{Nonces, WEB_ORIGIN, World};
