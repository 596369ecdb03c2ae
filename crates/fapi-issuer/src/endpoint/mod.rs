//! The endpoints, one file each.

mod authorize;
mod bearer;
mod consent;
mod document;
mod form;
mod introspect;
mod login;
mod page;
mod par;
mod posted;
mod register;
pub(crate) mod response;
mod revoke;
mod token;
mod userinfo;

pub(crate) use authorize::authorize;
pub(crate) use consent::{consent, consent_page};
pub(crate) use document::{health, key_set, metadata, ready};
pub(crate) use form::Form;
pub(crate) use introspect::introspect;
pub(crate) use login::{login, login_page};
pub(crate) use par::par;
pub(crate) use register::{register, registered};
pub(crate) use revoke::revoke;
pub(crate) use token::{not_post, token};
pub(crate) use userinfo::userinfo;
