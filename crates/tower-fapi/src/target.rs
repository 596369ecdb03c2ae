//! What the core is shown of an `http::Request`.

use fapi_core::{FieldLines, PresentedRequest};
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName};
use http::{Extensions, Request, Uri};

pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Finds the URI as the client sent it where a router has changed it since.
pub(crate) type OriginalUriFn = fn(&Extensions) -> Option<&Uri>;

/// The request as it is.
pub(crate) fn unchanged(_: &Extensions) -> Option<&Uri> {
    None
}

pub(crate) fn present<B>(request: &Request<B>, original: OriginalUriFn) -> PresentedRequest<'_> {
    let uri = original(request.extensions()).unwrap_or(request.uri());
    let headers = request.headers();
    PresentedRequest {
        method: request.method().as_str(),
        // RFC 9112 §3.2.2: an absolute-form target wins over `Host`.
        authority: uri
            .authority()
            .map(http::uri::Authority::as_str)
            .or_else(|| host(headers)),
        path: uri.path(),
        query: uri.query(),
        authorization: lines(headers, &AUTHORIZATION),
        dpop: lines(headers, &DPOP),
    }
}

fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> FieldLines<'a> {
    headers
        .get_all(name)
        .iter()
        .map(http::HeaderValue::as_bytes)
        .collect()
}

/// The one `Host`: two of them name nobody (RFC 9112 §3.2).
fn host(headers: &HeaderMap) -> Option<&str> {
    match lines(headers, &HOST) {
        FieldLines::One(host) => str::from_utf8(host).ok(),
        FieldLines::Absent | FieldLines::Several => None,
    }
}
