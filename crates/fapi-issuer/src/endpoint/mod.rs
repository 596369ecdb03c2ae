//! The endpoints, one file each.

mod document;
mod form;
mod token;

pub(crate) use document::document;
pub(crate) use form::Form;
pub(crate) use token::{not_post, token};
