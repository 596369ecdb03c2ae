//! Challenges and nonces as HTTP responses (RFC 9449 §7.1, §8; RFC 6750 §3).

use fapi_core::dpop::Nonce;
use fapi_core::{Challenge, Denial};
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The response to a refused request: no body, and the [`Denial`] among its extensions.
pub(crate) fn refuse<B: Default>(denial: Denial, challenge: &Challenge) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() =
        StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(value) = challenge.www_authenticate().and_then(ascii) {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    if let Some(value) = challenge.nonce().and_then(|nonce| ascii(nonce.as_str())) {
        headers.insert(DPOP_NONCE, value);
    }
    if let Some(seconds) = challenge.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(denial);
    response
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
