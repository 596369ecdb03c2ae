//! Documents that anybody may read: the metadata and the key set.

use axum::body::Body;
use axum::extract::State;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};

use super::response::{JSON, public};
use crate::issuer::Issuer;

/// How long readers may keep the key set: a key has to be published for so long before it signs, or its first tokens
/// cost each reader a fetch.
const KEEP_KEYS: HeaderValue = HeaderValue::from_static("max-age=60");

/// The metadata.
pub(crate) async fn metadata(State(issuer): State<Issuer>) -> Response<Body> {
    public(&JSON, issuer.metadata().to_string())
}

/// The key set.
pub(crate) async fn key_set(State(issuer): State<Issuer>) -> Response<Body> {
    let mut response = public(&JSON, issuer.jwks().to_string());
    response.headers_mut().insert(CACHE_CONTROL, KEEP_KEYS);
    response
}

/// That the process answers.
pub(crate) async fn health() -> &'static str {
    "ok"
}

/// Whether the storage answers.
pub(crate) async fn ready(State(issuer): State<Issuer>) -> (StatusCode, &'static str) {
    match issuer.ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the storage does not answer",
        ),
    }
}
