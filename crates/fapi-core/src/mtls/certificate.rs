//! Certificates and their hashes as headers spell them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::token::CertificateThumbprint;

/// The longest certificate in its encoded form, in bytes.
const MAX_ENCODED: usize = 16 * 1024;

/// Text that is not an encoded certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than 16 KiB.
    TooLong,
    /// A `%` without two hexadecimal digits behind it (RFC 3986 §2.1).
    PercentEncoding,
    /// Not one block between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----` (RFC 7468 §5.1).
    Armour,
    /// Not base64 with padding (RFC 4648 §4), or not in its one spelling.
    Base64,
    /// Not one complete SEQUENCE in DER (X.690 §10.1), as every certificate is (RFC 5280 §4.1).
    Der,
}

impl CertificateThumbprint {
    /// Reads 64 hexadecimal digits in either case, as Envoy writes them in `Hash` and in its property
    /// `connection.sha256_peer_certificate_digest`. `None` for all else.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        let (pairs, []) = text.as_chunks::<2>() else {
            return None;
        };
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = octet(*high, *low)?;
        }
        Some(Self::from_bytes(bytes))
    }
}

/// The thumbprint of a certificate in base64.
pub(super) fn from_base64(text: &[u8]) -> Result<CertificateThumbprint, CertificateError> {
    if text.len() > MAX_ENCODED {
        return Err(CertificateError::TooLong);
    }
    let der = STANDARD
        .decode(text)
        .map_err(|_| CertificateError::Base64)?;
    if is_one_sequence(&der) {
        Ok(CertificateThumbprint::of_der(&der))
    } else {
        Err(CertificateError::Der)
    }
}

/// The thumbprint of a certificate in percent-encoded PEM. A `+` stands for itself: it is a digit of base64.
pub(super) fn from_url_encoded_pem(text: &[u8]) -> Result<CertificateThumbprint, CertificateError> {
    if text.len() > MAX_ENCODED {
        return Err(CertificateError::TooLong);
    }
    let pem = percent_decoded(text).ok_or(CertificateError::PercentEncoding)?;
    let mut body = pem
        .trim_ascii()
        .strip_prefix(b"-----BEGIN CERTIFICATE-----")
        .and_then(|rest| rest.strip_suffix(b"-----END CERTIFICATE-----"))
        .ok_or(CertificateError::Armour)?
        .to_vec();
    // No digit of base64: the armour of a second block.
    if body.contains(&b'-') {
        return Err(CertificateError::Armour);
    }
    // RFC 7468 §3: parsers may ignore white space. Proxies fold the line ends into spaces or tabs, or drop them.
    body.retain(|byte| !byte.is_ascii_whitespace());
    from_base64(&body)
}

fn percent_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => octet(*bytes.next()?, *bytes.next()?)?,
            byte => *byte,
        });
    }
    Some(decoded)
}

fn octet(high: u8, low: u8) -> Option<u8> {
    Some(hex_value(high)? << 4 | hex_value(low)?)
}

fn hex_value(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Whether this is one SEQUENCE that is not empty, with its length in DER's one spelling, and nothing behind it.
/// What [`MAX_ENCODED`] allows has a length of two octets at most.
fn is_one_sequence(der: &[u8]) -> bool {
    let (length, content) = match der {
        [0x30, length @ 1..=0x7f, content @ ..] => (u16::from(*length), content),
        [0x30, 0x81, length @ 0x80..=0xff, content @ ..] => (u16::from(*length), content),
        [0x30, 0x82, high @ 1..=0xff, low, content @ ..] => {
            (u16::from_be_bytes([*high, *low]), content)
        }
        _ => return false,
    };
    content.len() == usize::from(length)
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the certificate is longer than 16 KiB",
            Self::PercentEncoding => "the certificate has a % without two hexadecimal digits",
            Self::Armour => "the certificate is not one PEM block of type CERTIFICATE",
            Self::Base64 => "the certificate is not base64 with padding",
            Self::Der => "the certificate is not one SEQUENCE in DER",
        })
    }
}

impl std::error::Error for CertificateError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{FIRST, percent_encoded};
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn of_der_is_what_openssl_says() {
        assert_eq!(
            CertificateThumbprint::of_der(&FIRST.der()),
            FIRST.thumbprint()
        );
    }

    /// P14: what proxies make of PEM in a header, and what nobody means by it.
    #[test]
    fn reads_url_encoded_pem() {
        use CertificateError::{Armour, Base64, Der, PercentEncoding, TooLong};

        let good = Ok(FIRST.thumbprint());
        let pem = FIRST.pem;
        let body = pem
            .trim()
            .trim_start_matches("-----BEGIN CERTIFICATE-----")
            .trim_end_matches("-----END CERTIFICATE-----");
        assert!(body.contains('+'), "the + of base64 must be seen");
        let table = [
            ("Envoy: all but unreserved", percent_encoded(pem), good),
            (
                "lower-case digits",
                percent_encoded(pem).replace("%0A", "%0a"),
                good,
            ),
            ("only line ends", pem.replace('\n', "%0A"), good),
            ("CR LF", pem.replace('\n', "%0D%0A"), good),
            ("folded to spaces", pem.replace('\n', " "), good),
            ("folded to encoded spaces", pem.replace('\n', "%20"), good),
            (
                "folded to tabs, as nginx does",
                pem.replace('\n', "\t"),
                good,
            ),
            ("line ends dropped", pem.replace('\n', ""), good),
            ("white space around", format!(" {pem}%0A%0A"), good),
            (
                "+ for a space in the armour",
                pem.replace("N C", "N+C").replace('\n', "%0A"),
                Err(Armour),
            ),
            ("+ for the line ends", pem.replace('\n', "+"), Err(Armour)),
            (
                "+ for the line ends of the body",
                format!(
                    "-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----",
                    body.replace('\n', "+")
                ),
                Err(Base64),
            ),
            (
                "the + of base64 decoded to a space",
                pem.replace('+', "%20"),
                Err(Base64),
            ),
            (
                "twice percent-encoded",
                percent_encoded(pem).replace('%', "%25"),
                Err(Armour),
            ),
            ("two certificates", format!("{pem}{pem}"), Err(Armour)),
            (
                "text before",
                format!("Bag Attributes%0A{pem}"),
                Err(Armour),
            ),
            ("text behind", format!("{pem}x"), Err(Armour)),
            (
                "no begin",
                pem.replace("-----BEGIN CERTIFICATE-----", ""),
                Err(Armour),
            ),
            (
                "no end",
                pem.replace("-----END CERTIFICATE-----", ""),
                Err(Armour),
            ),
            (
                "of another type",
                pem.replace("CERTIFICATE", "PUBLIC KEY"),
                Err(Armour),
            ),
            (
                "trusted certificate of OpenSSL",
                pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
                Err(Armour),
            ),
            (
                "begin and end overlap",
                "-----BEGIN CERTIFICATE-----END CERTIFICATE-----".into(),
                Err(Armour),
            ),
            ("bare base64", body.replace('\n', ""), Err(Armour)),
            ("nothing", String::new(), Err(Armour)),
            ("nothing in the armour", pem.replace(body, "%0A"), Err(Der)),
            ("padding cut", pem.replace("Grw=", "Grw"), Err(Base64)),
            ("spare bits", pem.replace("Grw=", "Grx="), Err(Base64)),
            ("base64url", pem.replace('+', "-"), Err(Armour)),
            ("not ASCII", pem.replace('+', "%C3%A4"), Err(Base64)),
            ("a NUL", pem.replace('\n', "%00"), Err(Armour)),
            ("one block of 4 lost", pem.replacen("MIIB", "", 1), Err(Der)),
            ("last bytes lost", pem.replace("Grw=", ""), Err(Der)),
            ("bytes behind", pem.replace("Grw=", "GrwA"), Err(Der)),
            ("% alone", format!("{pem}%"), Err(PercentEncoding)),
            ("% and one digit", format!("{pem}%0"), Err(PercentEncoding)),
            (
                "% and no digits",
                pem.replace('\n', "%0g"),
                Err(PercentEncoding),
            ),
            (
                "% and a sign",
                pem.replace('\n', "%+a"),
                Err(PercentEncoding),
            ),
            (
                "longer than 16 KiB",
                pem.replace(body, &"A".repeat(MAX_ENCODED)),
                Err(TooLong),
            ),
        ];
        for (name, text, expected) in table {
            assert_eq!(from_url_encoded_pem(text.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn a_certificate_is_one_sequence() {
        let long = |header: &[u8], content: usize| [header, &vec![0; content]].concat();
        let table = [
            (long(&[0x30, 1], 1), true),
            (long(&[0x30, 0x7f], 0x7f), true),
            (long(&[0x30, 0x81, 0x80], 0x80), true),
            (long(&[0x30, 0x82, 1, 0], 0x100), true),
            (vec![], false),
            (vec![0x30], false),
            (long(&[0x30, 0], 0), false),
            (long(&[0x31, 1], 1), false),
            (long(&[0x30, 2], 1), false),
            (long(&[0x30, 1], 2), false),
            // BER: a length that is longer than it must be, or left open.
            (long(&[0x30, 0x81, 0x7f], 0x7f), false),
            (long(&[0x30, 0x82, 0, 0x80], 0x80), false),
            (long(&[0x30, 0x83, 0, 1, 0], 0x100), false),
            (long(&[0x30, 0x80], 2), false),
        ];
        for (der, expected) in table {
            assert_eq!(is_one_sequence(&der), expected, "{}", hex(&der));
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = from_url_encoded_pem(&text);
            let _ = from_base64(&text);
            let _ = CertificateThumbprint::from_hex(&text);
        }

        #[test]
        fn hexadecimal_digits_in_either_case(bytes: [u8; 32]) {
            let expected = Some(CertificateThumbprint::from_bytes(bytes));
            let lower = hex(&bytes);
            prop_assert_eq!(CertificateThumbprint::from_hex(lower.as_bytes()), expected);
            let upper = lower.to_ascii_uppercase();
            prop_assert_eq!(CertificateThumbprint::from_hex(upper.as_bytes()), expected);
        }
    }
}
