//! The extractor for axum handlers.

use axum::extract::OriginalUri;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Extensions, StatusCode, Uri};
use std::convert::Infallible;
use std::fmt;

use crate::Access;

/// A handler asks for [`Access`] on a route that no [`FapiLayer`](crate::FapiLayer) guards: answered with 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerMissing;

impl fmt::Display for LayerMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handler extracts `Access`, and no `FapiLayer` guards its route")
    }
}

impl std::error::Error for LayerMissing {}

impl IntoResponse for LayerMissing {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Access {
    type Rejection = LayerMissing;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, LayerMissing> {
        parts.extensions.get().cloned().ok_or_else(|| {
            tracing::error!(target: "tower_fapi", path = parts.uri.path(), "{LayerMissing}");
            LayerMissing
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Access {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

/// The URI before nested routers took their prefixes off.
pub(crate) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
    extensions.get::<OriginalUri>().map(|original| &original.0)
}
