//! The endpoints, one file each.

mod caller;
mod document;
mod form;
mod introspect;
pub(crate) mod response;
mod revoke;
mod token;

pub(crate) use document::{key_set, metadata};
pub(crate) use form::Form;
pub(crate) use introspect::introspect;
pub(crate) use revoke::revoke;
pub(crate) use token::{not_post, token};
