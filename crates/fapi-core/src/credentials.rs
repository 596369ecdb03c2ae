//! Stage 1: exactly one access token, in the `Authorization` header.

use crate::denial::Malformed;
use crate::request::{FieldLines, PresentedRequest};

/// The largest access token, in bytes.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// How the token was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RFC 9449 §7.1.
    Dpop,
    /// RFC 6750 §2.1.
    Bearer,
}

/// One access token and its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credentials<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) token: &'a str,
}

/// Why there are no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoCredentials {
    /// Nothing was presented that we could judge: challenge without an error code (RFC 6750 §3.1).
    Absent,
    Malformed(Malformed),
}

impl<'a> Credentials<'a> {
    pub(crate) fn of(request: &PresentedRequest<'a>) -> Result<Self, NoCredentials> {
        let value = match request.authorization {
            FieldLines::Absent => return Err(NoCredentials::Absent),
            FieldLines::Several => return malformed(Malformed::SeveralCredentials),
            FieldLines::One(value) => value,
        };
        let credentials = Self::parse(value)?;
        // RFC 6750 §2: one method a request. FAPI 2.0 Security Profile §5.3.4: never from the query.
        if request.query.is_some_and(has_access_token) {
            return malformed(Malformed::TokenInQuery);
        }
        Ok(credentials)
    }

    fn parse(value: &'a [u8]) -> Result<Self, NoCredentials> {
        let value = trim_ows(value);
        if has_second_credential(value) {
            return malformed(Malformed::SeveralCredentials);
        }
        let (scheme, rest) = match value.iter().position(|byte| *byte == b' ') {
            Some(space) => value.split_at(space),
            None => (value, &[][..]),
        };
        let scheme = match scheme {
            // RFC 9110 §11.1: the scheme is compared without regard to case.
            name if name.eq_ignore_ascii_case(b"DPoP") => Scheme::Dpop,
            name if name.eq_ignore_ascii_case(b"Bearer") => Scheme::Bearer,
            name if is_token(name) => return Err(NoCredentials::Absent),
            _ => return malformed(Malformed::AuthorizationSyntax),
        };
        // RFC 9449 §7.1: `1*SP token68`.
        let token = rest.trim_ascii_start();
        if token.len() > MAX_TOKEN {
            return malformed(Malformed::TokenTooLarge);
        }
        match str::from_utf8(token) {
            Ok(token) if is_token68(token) => Ok(Self { scheme, token }),
            _ => malformed(Malformed::AuthorizationSyntax),
        }
    }
}

fn malformed<T>(malformed: Malformed) -> Result<T, NoCredentials> {
    Err(NoCredentials::Malformed(malformed))
}

/// Whether an element after the first comma begins with one of our schemes. Hosts that join field lines (Envoy does)
/// show two credentials in this form.
fn has_second_credential(value: &[u8]) -> bool {
    value.contains(&b',')
        && value.split(|byte| *byte == b',').skip(1).any(|element| {
            let element = element.trim_ascii_start();
            let scheme = element
                .split(u8::is_ascii_whitespace)
                .next()
                .unwrap_or_default();
            scheme.eq_ignore_ascii_case(b"DPoP") || scheme.eq_ignore_ascii_case(b"Bearer")
        })
}

/// RFC 9110 §5.5: optional white space around a field value is not part of it.
fn trim_ows(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// RFC 9110 §5.6.2, at least one character.
fn is_token(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// RFC 9110 §11.2: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_token68(text: &str) -> bool {
    let unpadded = text.trim_end_matches('=');
    !unpadded.is_empty()
        && unpadded.bytes().all(|byte| {
            matches!(byte,
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}

/// Whether a query has a parameter `access_token` (RFC 6750 §2.3), its name percent-encoded or not.
fn has_access_token(query: &str) -> bool {
    query.split('&').any(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default();
        percent_decoded(name).eq(b"access_token".iter().copied())
    })
}

fn percent_decoded(text: &str) -> impl Iterator<Item = u8> {
    let mut bytes = text.bytes();
    std::iter::from_fn(move || {
        let byte = bytes.next()?;
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).map(|digit| digit as u8);
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes = ahead;
                Some(high << 4 | low)
            }
            _ => Some(byte),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(
        lines: &[&'a [u8]],
        query: Option<&'a str>,
    ) -> Result<Credentials<'a>, NoCredentials> {
        Credentials::of(&PresentedRequest {
            method: "GET",
            authority: None,
            path: "/",
            query,
            authorization: lines.iter().copied().collect(),
            dpop: FieldLines::Absent,
            client_certificate: None,
            kind: crate::request::RequestKind::Ordinary,
        })
    }

    fn one(line: &str) -> Result<Credentials<'_>, NoCredentials> {
        of(&[line.as_bytes()], None)
    }

    #[test]
    fn one_token_is_taken() {
        for line in [
            "DPoP a.b-c_d~e+f/g==",
            "dpOp a.b-c_d~e+f/g==",
            "DPoP   a.b-c_d~e+f/g==",
            " DPoP a.b-c_d~e+f/g==\t ",
        ] {
            let credentials = one(line).unwrap();
            assert_eq!(credentials.scheme, Scheme::Dpop, "{line}");
            assert_eq!(credentials.token, "a.b-c_d~e+f/g==", "{line}");
        }
        assert_eq!(one("bEARER x").unwrap().scheme, Scheme::Bearer);
    }

    #[test]
    fn no_or_foreign_credentials_are_absent() {
        assert_eq!(of(&[], None), Err(NoCredentials::Absent));
        assert_eq!(of(&[], Some("access_token=x")), Err(NoCredentials::Absent));
        assert_eq!(one("Basic dXNlcjpwYXNz"), Err(NoCredentials::Absent));
        assert_eq!(one("Basic"), Err(NoCredentials::Absent));
        assert_eq!(one("DPoPx abc"), Err(NoCredentials::Absent));
    }

    #[test]
    fn broken_syntax_is_malformed() {
        for line in [
            "",
            " ",
            "DPoP",
            "DPoP ",
            "DPoP a b",
            "DPoP a=b",
            "DPoP =",
            "DPoP token=\"a\"",
            "DPoP a,b",
            "DPoP\ta",
            "DPoP \ta\tb",
            "DPoP a\"",
            "DPoP a\\",
            "DPoP (a)",
            "DPoP é",
            "DPoP a\u{0}",
            "D\"oP a",
        ] {
            assert_eq!(
                one(line),
                malformed(Malformed::AuthorizationSyntax),
                "{line:?}"
            );
        }
        assert_eq!(
            of(&[b"DPoP \xff"], None),
            malformed(Malformed::AuthorizationSyntax)
        );
    }

    #[test]
    fn two_credentials_in_any_form_are_malformed() {
        let several = malformed(Malformed::SeveralCredentials);
        assert_eq!(of(&[b"DPoP a", b"DPoP a"], None), several);
        assert_eq!(of(&[b"Basic a", b"DPoP a"], None), several);
        for line in [
            "DPoP a,DPoP b",
            "Bearer a, dpop b",
            "Basic x,bearer y",
            "DPoP a , DPoP",
            ",DPoP a",
        ] {
            assert_eq!(one(line), several, "{line}");
        }
        // A comma inside a foreign scheme's parameters is no second credential.
        assert_eq!(one("Digest a=1, b=2"), Err(NoCredentials::Absent));
    }

    #[test]
    fn a_token_in_the_query_beside_the_header_is_malformed() {
        for query in [
            "access_token=x",
            "a=b&access_token",
            "%61ccess%5Ftoken=x",
            "access_token=&c",
        ] {
            assert_eq!(
                of(&[b"DPoP a"], Some(query)),
                malformed(Malformed::TokenInQuery),
                "{query}"
            );
        }
        for query in [
            "",
            "a=access_token",
            "access_tokens=x",
            "xaccess_token=1",
            "access%token=%",
        ] {
            assert!(of(&[b"DPoP a"], Some(query)).is_ok(), "{query}");
        }
    }

    #[test]
    fn the_size_is_capped() {
        assert!(one(&format!("DPoP {}", "a".repeat(MAX_TOKEN))).is_ok());
        assert_eq!(
            one(&format!("DPoP {}", "a".repeat(MAX_TOKEN + 1))),
            malformed(Malformed::TokenTooLarge)
        );
    }
}
