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
        path: path(uri),
        query: uri.query(),
        authorization: lines(headers, &AUTHORIZATION),
        dpop: lines(headers, &DPOP),
    }
}

/// The path; of an authority-form target (`CONNECT`, RFC 9112 §3.2.3) the authority, for that has none. An empty path
/// would be equal to `/`, and a proof for `/` would serve to reach any host and port.
fn path(uri: &Uri) -> &str {
    match (uri.scheme(), uri.authority()) {
        (None, Some(authority)) => authority.as_str(),
        _ => uri.path(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(target: &str) -> String {
        let request = Request::builder().uri(target).body(()).unwrap();
        present(&request, unchanged).path.to_owned()
    }

    #[test]
    fn only_an_authority_form_target_has_no_path() {
        assert_eq!(path_of("api.example.com:443"), "api.example.com:443");
        assert_eq!(path_of("evil.example:22"), "evil.example:22");
        assert_eq!(path_of("/accounts?a"), "/accounts");
        assert_eq!(path_of("https://api.example.com"), "/");
        assert_eq!(path_of("https://api.example.com/a"), "/a");
        assert_eq!(path_of("*"), "*");
    }
}
