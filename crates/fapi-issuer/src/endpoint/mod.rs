//! The endpoints, one file each.

mod document;
mod form;
mod response;
mod token;

pub(crate) use document::{key_set, metadata};
pub(crate) use form::Form;
pub(crate) use token::{not_post, token};
