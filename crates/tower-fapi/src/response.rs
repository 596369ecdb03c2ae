//! Challenges and nonces as HTTP responses (RFC 9449 §7.1, §8; RFC 6750 §3), for gRPC as trailers-only ones.

use fapi_core::dpop::Nonce;
use fapi_core::{Challenge, Protocol};
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};

pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The protocol that the client speaks.
pub(crate) fn protocol(headers: &HeaderMap) -> Protocol {
    Protocol::of(headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes))
}

/// The response to a refused request, without body.
pub(crate) fn refuse<B: Default>(challenge: &Challenge, protocol: Protocol) -> Response<B> {
    let mut response = match protocol {
        Protocol::Http => http_status(
            StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        ),
        Protocol::Grpc => grpc_status(challenge.grpc_code(), "request refused"),
    };
    put(challenge, response.headers_mut());
    response
}

/// The response where the application itself is wrong. The log says how.
pub(crate) fn misconfigured<B: Default>(protocol: Protocol) -> Response<B> {
    match protocol {
        Protocol::Http => http_status(StatusCode::INTERNAL_SERVER_ERROR),
        Protocol::Grpc => grpc_status(13, "internal error"),
    }
}

fn http_status<B: Default>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = status;
    response
}

fn grpc_status<B: Default>(code: u8, message: &'static str) -> Response<B> {
    let mut response = Response::new(B::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from(u16::from(code)));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(message));
    response
}

/// The headers that go with a challenge, whatever the status.
fn put(challenge: &Challenge, headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for value in challenge.www_authenticate().filter_map(ascii) {
        headers.append(WWW_AUTHENTICATE, value);
    }
    if let Some(value) = challenge.nonce().and_then(|nonce| ascii(nonce.as_str())) {
        headers.insert(DPOP_NONCE, value);
    }
    if let Some(seconds) = challenge.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Sees to it that the response has our nonce or none: one that comes from further behind is not ours to honour.
pub(crate) fn set_nonce<B>(response: &mut Response<B>, nonce: Option<&Nonce>) {
    let headers = response.headers_mut();
    match nonce.and_then(|nonce| ascii(nonce.as_str())) {
        Some(value) => {
            headers.insert(DPOP_NONCE, value);
            // RFC 9449 §8.2: a response with a nonce should not be cached, unless the handler knows better.
            headers
                .entry(CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("no-store"));
        }
        None => {
            headers.remove(DPOP_NONCE);
        }
    }
}

/// Challenges and nonces are printable ASCII; were one not, the header would be left out rather than the response lost.
fn ascii(value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(value).ok()
}
