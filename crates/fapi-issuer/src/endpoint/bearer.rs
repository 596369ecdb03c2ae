//! Tokens that whoever has them may use (RFC 6750): those of client registration.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The token of the one `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let (scheme, token) = line.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_header_of_the_scheme_has_the_token() {
        let with = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(AUTHORIZATION, line.parse().unwrap());
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(with(&["Bearer x"]).as_deref(), Some("x"));
        assert_eq!(with(&["bEARER  x"]).as_deref(), Some("x"));
        for other in [
            &[][..],
            &["x"],
            &["Basic x"],
            &["Bearer"],
            &["Bearer x", "Bearer x"],
        ] {
            assert_eq!(with(other), None, "{other:?}");
        }
    }
}
