//! What handlers receive.

use std::ops::Deref;

/// Proof that the request carried a valid access token and that its sender is the one it was issued to.
///
/// The layer puts it among the request's extensions; with the feature `axum` it is an extractor. Nobody else can make
/// one. Its methods are those of [`fapi_core::Access`].
#[derive(Clone, Debug)]
pub struct Access(fapi_core::Access);

impl Access {
    pub(crate) const fn new(access: fapi_core::Access) -> Self {
        Self(access)
    }
}

impl Deref for Access {
    type Target = fapi_core::Access;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
