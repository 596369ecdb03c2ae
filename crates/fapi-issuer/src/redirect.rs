//! Redirect URIs: which may be registered, and how parameters are put behind them.

use std::fmt;

use fapi_core::dpop::Origin;

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RedirectUriProblem {
    /// Not `https://…`, nor `http://` and a loopback address (RFC 8252 §7.3).
    Scheme,
    /// It has a fragment (RFC 6749 §3.1.2).
    Fragment,
    /// A character that no URI has (RFC 3986 §2).
    Character,
}

impl fmt::Display for RedirectUriProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "must be an https URI with a host, or http on a loopback address",
            Self::Fragment => "must not have a fragment",
            Self::Character => {
                "must be a URI: ASCII without spaces, quotes, brackets and backslashes"
            }
        })
    }
}

/// Whether authorization responses may go there. FAPI 2.0 Security Profile §5.3.2.2: no http, but for native
/// applications on loopback addresses.
pub(crate) fn check(uri: &str) -> Result<(), RedirectUriProblem> {
    let allowed = |b: u8| matches!(b, 0x21..=0x7e) && !b"\"<>\\^`{|}".contains(&b);
    if !uri.bytes().all(allowed) {
        return Err(RedirectUriProblem::Character);
    }
    if uri.contains('#') {
        return Err(RedirectUriProblem::Fragment);
    }
    match Origin::of_uri(uri) {
        Ok(origin) if origin.is_https() || origin.is_loopback() => Ok(()),
        _ => Err(RedirectUriProblem::Scheme),
    }
}

/// The URI with further query parameters. Its own stay as they are (RFC 6749 §4.1.2).
pub(crate) fn with_query<'a>(
    uri: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{}", query.finish())
}

/// The origin of a URI that [`check`] has let through, for `form-action` of a Content Security Policy.
pub(crate) fn origin(uri: &str) -> Option<Origin> {
    Origin::of_uri(uri).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_or_loopback() {
        for good in [
            "https://client.example/cb",
            "https://client.example/cb?a=b",
            "https://client.example:8443/",
            "http://127.0.0.1:4321/cb",
            "http://[::1]/cb",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (wrong, problem) in [
            ("http://client.example/cb", RedirectUriProblem::Scheme),
            ("javascript:alert(1)", RedirectUriProblem::Scheme),
            ("app:/cb", RedirectUriProblem::Scheme),
            ("/cb", RedirectUriProblem::Scheme),
            ("https://client.example/cb#x", RedirectUriProblem::Fragment),
            ("https://client.example/c b", RedirectUriProblem::Character),
            ("https://client.example/\r\n", RedirectUriProblem::Character),
            (
                "https://client.example\\@evil",
                RedirectUriProblem::Character,
            ),
        ] {
            assert_eq!(check(wrong), Err(problem), "{wrong}");
        }
    }

    #[test]
    fn the_query_of_the_uri_stays() {
        let parameters = [("code", "a b"), ("iss", "https://as")];
        for (uri, expected) in [
            ("https://c/cb", "https://c/cb?code=a+b&iss=https%3A%2F%2Fas"),
            (
                "https://c/cb?",
                "https://c/cb?code=a+b&iss=https%3A%2F%2Fas",
            ),
            (
                "https://c/cb?x=%20&y=1",
                "https://c/cb?x=%20&y=1&code=a+b&iss=https%3A%2F%2Fas",
            ),
        ] {
            assert_eq!(with_query(uri, parameters), expected);
        }
    }
}
