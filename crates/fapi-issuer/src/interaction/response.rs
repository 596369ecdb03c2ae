//! The responses that pages go out in.

use std::fmt::Write as _;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_core::dpop::Origin;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use sha2::{Digest as _, Sha256};

/// A page. Nothing is loaded, no script runs, nobody frames it.
pub(crate) fn page(status: StatusCode, html: String, issuer: &Origin) -> Response<Body> {
    let policy = policy(&html);
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Base64 and fixed words are a header value; without them nothing at all may be loaded.
    let strictest = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    let policy = HeaderValue::from_str(&policy).unwrap_or(strictest);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if issuer.is_https() {
        // FAPI 2.0 Security Profile §5.2.3.
        let always = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, always);
    }
    response
}

/// The Content Security Policy: the style that stands in the page counts, and nothing else.
///
/// There is no `form-action`: browsers apply it to every redirect that follows a form, and those of the client and of
/// whomever it sends the browser on to are not ours to know. What it would guard, forms that somebody else has written
/// into the page, the escaping and the `csrf` field do.
fn policy(html: &str) -> String {
    let mut policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'".to_owned();
    if let Some(style) = style(html) {
        let hash = STANDARD.encode(Sha256::digest(style));
        // Writing to a `String` does not fail.
        let _ = write!(policy, "; style-src 'sha256-{hash}'");
    }
    policy
}

/// What stands in the page's style element.
fn style(html: &str) -> Option<&str> {
    let (_, style) = html.split_once("<style>")?;
    let (style, _) = style.split_once("</style>")?;
    Some(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_the_own_style_through_and_nothing_else() {
        let issuer = Origin::parse("https://as.example.com").unwrap();
        let html = "<!doctype html><style>a{}</style><form>".to_owned();
        let response = page(StatusCode::OK, html, &issuer);
        let hash = STANDARD.encode(Sha256::digest("a{}"));
        assert_eq!(
            response.headers()[CONTENT_SECURITY_POLICY],
            format!(
                "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-{hash}'"
            )
        );
        assert!(response.headers().contains_key(STRICT_TRANSPORT_SECURITY));
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin")
        );
        let loopback = Origin::parse("http://127.0.0.1:8080").unwrap();
        let response = page(StatusCode::BAD_REQUEST, String::new(), &loopback);
        assert!(!response.headers().contains_key(STRICT_TRANSPORT_SECURITY));
        assert_eq!(
            response.headers()[CONTENT_SECURITY_POLICY],
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        );
    }
}
