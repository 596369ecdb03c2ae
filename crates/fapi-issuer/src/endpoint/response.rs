//! Responses, as all endpoints make them.

use axum::body::Body;
use fapi_core::dpop::Nonce;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};

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

/// A response for one reader, which nobody may keep.
pub(crate) fn private(content_type: &HeaderValue, body: String) -> Response<Body> {
    let mut response = public(content_type, body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Gives the client a nonce for its next proof (RFC 9449 §8.2).
pub(crate) fn set_nonce(response: &mut Response<Body>, nonce: &Nonce) {
    if let Ok(nonce) = HeaderValue::from_str(nonce.as_str()) {
        let name = HeaderName::from_static("dpop-nonce");
        response.headers_mut().insert(name, nonce);
    }
}
