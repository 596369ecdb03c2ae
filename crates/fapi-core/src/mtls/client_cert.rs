//! The header `Client-Cert` (RFC 9440).

use std::fmt;

use super::certificate::{CertificateError, from_base64};
use crate::token::CertificateThumbprint;

/// A `Client-Cert` header that names no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientCertError {
    /// Two lines or more (RFC 9440 §2.2: one certificate, one value).
    Several,
    /// Not a byte sequence between two colons (RFC 9651 §3.3.5), or one with parameters.
    NotByteSequence,
    /// What is between the colons is not a certificate.
    Certificate(CertificateError),
}

/// The certificate that the lines of the header name, or `None` if there are no lines.
///
/// The value is `:`, base64 and `:`, and spaces around it. It is read more strictly than RFC 9651 §4.2 says, at the
/// cost of refusing a proxy that does not write what it must (§4.1.8): base64 has its padding and no spare bits, and
/// parameters are refused rather than skipped, for RFC 9440 defines none.
pub(super) fn parse<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<CertificateThumbprint>, ClientCertError> {
    let mut lines = lines.into_iter();
    let Some(value) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(ClientCertError::Several);
    }
    let base64 = trim_spaces(value)
        .strip_prefix(b":")
        .and_then(|rest| rest.strip_suffix(b":"))
        .filter(|text| !text.contains(&b':'))
        .ok_or(ClientCertError::NotByteSequence)?;
    from_base64(base64)
        .map(Some)
        .map_err(ClientCertError::Certificate)
}

/// RFC 9651 §4.2: spaces, and no other white space, may be around the value.
fn trim_spaces(mut value: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = value {
        value = rest;
    }
    value
}

impl fmt::Display for ClientCertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several => f.write_str("more than one Client-Cert header"),
            Self::NotByteSequence => f.write_str("Client-Cert is not one byte sequence"),
            Self::Certificate(problem) => write!(f, "Client-Cert: {problem}"),
        }
    }
}

impl std::error::Error for ClientCertError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{FIRST, SECOND};
    use super::*;

    #[test]
    fn reads_one_byte_sequence() {
        use CertificateError::{Base64, Der, TooLong};
        use ClientCertError::{Certificate, NotByteSequence, Several};

        let first = FIRST.base64();
        let second = SECOND.base64();
        let bare = first.trim_end_matches('=');
        let good = Ok(Some(FIRST.thumbprint()));
        let no_sequence = Err(NotByteSequence);
        let table: Vec<(&str, Vec<String>, _)> = vec![
            ("no line", vec![], Ok(None)),
            ("one", vec![format!(":{first}:")], good),
            ("spaces around", vec![format!("  :{first}: ")], good),
            (
                "two lines",
                vec![format!(":{first}:"), format!(":{second}:")],
                Err(Several),
            ),
            (
                "the same twice",
                vec![format!(":{first}:"), format!(":{first}:")],
                Err(Several),
            ),
            (
                "a line and an empty line",
                vec![format!(":{first}:"), String::new()],
                Err(Several),
            ),
            (
                "a list in one line",
                vec![format!(":{first}:, :{second}:")],
                no_sequence,
            ),
            ("empty", vec![String::new()], no_sequence),
            ("one colon", vec![":".into()], no_sequence),
            ("no colons", vec![first.clone()], no_sequence),
            (
                "no colon at the end",
                vec![format!(":{first}")],
                no_sequence,
            ),
            ("in quotes", vec![format!("\":{first}:\"")], no_sequence),
            ("a parameter", vec![format!(":{first}:;a=1")], no_sequence),
            (
                "a byte sequence as parameter",
                vec![format!(":{first}:;a=:{second}:")],
                no_sequence,
            ),
            ("a tab", vec![format!("\t:{first}:")], no_sequence),
            ("nothing in it", vec!["::".into()], Err(Certificate(Der))),
            (
                "a space in it",
                vec![format!(": {first}:")],
                Err(Certificate(Base64)),
            ),
            (
                "no padding",
                vec![format!(":{bare}:")],
                Err(Certificate(Base64)),
            ),
            (
                "spare bits",
                vec![format!(":{}:", first.replace("Grw=", "Grx="))],
                Err(Certificate(Base64)),
            ),
            (
                "base64url",
                vec![format!(":{}:", first.replace('+', "-"))],
                Err(Certificate(Base64)),
            ),
            (
                "PEM",
                vec![format!(":{}:", FIRST.pem)],
                Err(Certificate(Base64)),
            ),
            (
                "percent-encoded",
                vec![format!(":{}:", first.replace('+', "%2B"))],
                Err(Certificate(Base64)),
            ),
            (
                "not a certificate",
                vec![":cHJldGVuZCB0aGlzIGlzIGJpbmFyeQ==:".into()],
                Err(Certificate(Der)),
            ),
            (
                "cut",
                vec![format!(":{}:", first.replace("Grw=", ""))],
                Err(Certificate(Der)),
            ),
            (
                "too long",
                vec![format!(":{}:", "A".repeat(16 * 1024 + 4))],
                Err(Certificate(TooLong)),
            ),
        ];
        for (name, lines, expected) in table {
            assert_eq!(
                parse(lines.iter().map(String::as_bytes)),
                expected,
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(lines in prop::collection::vec("[ :A-Za-z0-9+/=;,\\PC]{0,40}", 0..3)) {
            let _ = parse(lines.iter().map(String::as_bytes));
        }

        /// Only the one spelling of the certificate names it.
        #[test]
        fn another_character_is_another_or_none(at in 0_usize..494, with in 0_u8..128) {
            let mut line = format!(":{}:", FIRST.base64()).into_bytes();
            prop_assume!(line.get(at).is_some_and(|byte| *byte != with));
            line[at] = with;
            prop_assert_ne!(parse([line.as_slice()]), Ok(Some(FIRST.thumbprint())));
        }
    }
}
