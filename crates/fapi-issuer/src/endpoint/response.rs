//! Responses, as endpoints make them.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

/// The content type of most of them.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A response that anybody may read.
pub(crate) fn public(content_type: &HeaderValue, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, content_type.clone());
    response
}
