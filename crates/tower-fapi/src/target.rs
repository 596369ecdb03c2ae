//! What the core is shown of an `http::Request`.

use fapi_core::mtls::{CertificatePolicy, Connection};
use fapi_core::token::CertificateThumbprint;
use fapi_core::{FieldLines, PresentedRequest, RequestKind};
use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use http::{Extensions, Method, Request, Uri};

pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// What a framework keeps among a request's extensions.
#[derive(Clone, Copy)]
pub(crate) struct Hooks {
    /// The URI as the client sent it, where a router has changed it since.
    pub(crate) original_uri: fn(&Extensions) -> Option<&Uri>,
    /// Who is at the other end of the connection.
    pub(crate) connection: fn(&Extensions) -> Connection,
}

impl Hooks {
    /// The request as it is; the connection as the server described it.
    pub(crate) const PLAIN: Self = Self {
        original_uri: |_| None,
        connection: |extensions| extensions.get().copied().unwrap_or_default(),
    };
}

/// Among the extensions of a CORS preflight request that passed without a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preflight;

pub(crate) fn present<'a, B>(
    request: &'a Request<B>,
    hooks: Hooks,
    certificates: Option<&CertificatePolicy>,
) -> PresentedRequest<'a> {
    let uri = (hooks.original_uri)(request.extensions()).unwrap_or(request.uri());
    let headers = request.headers();
    PresentedRequest {
        method: request.method().as_str(),
        authority: authority(uri, headers),
        path: path(uri),
        query: uri.query(),
        authorization: lines(headers, &AUTHORIZATION),
        dpop: lines(headers, &DPOP),
        client_certificate: certificates.and_then(|policy| {
            certificate(policy, (hooks.connection)(request.extensions()), headers)
        }),
        kind: kind(request.method(), headers),
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

/// RFC 9112 §3.2.2: an absolute-form target wins over `Host`.
pub(crate) fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    uri.authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| host(headers))
}

fn certificate(
    policy: &CertificatePolicy,
    connection: Connection,
    headers: &HeaderMap,
) -> Option<CertificateThumbprint> {
    let lines = policy
        .header()
        .into_iter()
        .flat_map(|name| headers.get_all(name).iter().map(HeaderValue::as_bytes));
    policy.presented(&connection, lines).certificate().copied()
}

pub(crate) fn kind(method: &Method, headers: &HeaderMap) -> RequestKind {
    let asks =
        || headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if method == Method::OPTIONS && asks() {
        RequestKind::CorsPreflight
    } else {
        RequestKind::Ordinary
    }
}

fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> FieldLines<'a> {
    headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
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
        present(&request, Hooks::PLAIN, None).path.to_owned()
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
