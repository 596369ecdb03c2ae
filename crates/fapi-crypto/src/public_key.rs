//! The public half of a key and its JWK (RFC 7518 §6, RFC 8037 §2).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Thumbprint;
use serde_json::{Map, Value};

use crate::error::{KeyError, Operation};

/// A public key by the bytes of its JWK members, each as long as RFC 7518 §6 asks for.
pub(crate) enum PublicKey {
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519 { x: [u8; 32] },
}

impl PublicKey {
    /// The required members and nothing else: what a DPoP proof carries in `jwk` (RFC 9449 §4.2).
    pub(crate) fn members(&self) -> Map<String, Value> {
        self.sorted_members()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect()
    }

    /// RFC 7638 §3: SHA-256 over the required members in lexical order, without white space.
    pub(crate) fn thumbprint(&self) -> Result<Thumbprint, KeyError> {
        // The order is fixed here and does not come out of a map, whose order is a feature of
        // serde_json that any crate of the build can change. No value needs escaping.
        let members: Vec<String> = self
            .sorted_members()
            .iter()
            .map(|(name, value)| format!("\"{name}\":\"{value}\""))
            .collect();
        let canonical = format!("{{{}}}", members.join(","));
        digest(&SHA256, canonical.as_bytes())
            .as_ref()
            .try_into()
            .map(Thumbprint::from_bytes)
            .map_err(|_| KeyError::Backend(Operation::Export))
    }

    fn sorted_members(&self) -> Vec<(&'static str, String)> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::P256 { x, y } => vec![
                ("crv", "P-256".to_owned()),
                ("kty", "EC".to_owned()),
                ("x", text(x)),
                ("y", text(y)),
            ],
            Self::Rsa { n, e } => vec![("e", text(e)), ("kty", "RSA".to_owned()), ("n", text(n))],
            Self::Ed25519 { x } => vec![
                ("crv", "Ed25519".to_owned()),
                ("kty", "OKP".to_owned()),
                ("x", text(x)),
            ],
        }
    }
}

/// Whether an RSA key has 2048 to 4096 bits (FAPI 2.0 Security Profile §5.4.1 sets the lower end)
/// and an odd exponent from 65537 to 2^32 - 1. Both are big-endian without leading zeros.
pub(crate) fn is_rsa_in_range(n: &[u8], e: &[u8]) -> bool {
    // 2048 bits fill 256 bytes; from 257 on, any first byte but zero will do.
    let modulus_fits = matches!(
        (n.first(), n.len()),
        (Some(0x80..), 256) | (Some(1..), 257..=512)
    );
    let exponent = match e {
        [a @ 1..=0xff, b, c] => u32::from_be_bytes([0, *a, *b, *c]),
        [a @ 1..=0xff, b, c, d] => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => return false,
    };
    modulus_fits && exponent >= 65_537 && exponent % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn array(text: &str) -> [u8; 32] {
        bytes(text).try_into().unwrap()
    }

    #[test]
    fn thumbprint_of_rfc_7638_section_3_1() {
        let key = PublicKey::Rsa {
            n: bytes(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            ),
            e: bytes("AQAB"),
        };
        assert_eq!(
            key.thumbprint().unwrap().to_string(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    #[test]
    fn thumbprint_of_rfc_8037_appendix_a_3() {
        let key = PublicKey::Ed25519 {
            x: array("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        };
        assert_eq!(
            key.thumbprint().unwrap().to_string(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn thumbprint_of_rfc_9449_section_6_1() {
        let key = PublicKey::P256 {
            x: array("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"),
            y: array("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"),
        };
        assert_eq!(
            key.thumbprint().unwrap().to_string(),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
    }

    #[test]
    fn thumbprint_keeps_the_leading_zero_of_a_coordinate() {
        let key = PublicKey::P256 {
            x: array("APgYG5BNQBWVT-w7yW51bi9M5hVluuqPOGXXl5if_NM"),
            y: array("QmnCr5fkc5hvPAHJlus28hFl9fvENm3BAHbt7YcDakQ"),
        };
        assert_eq!(
            key.thumbprint().unwrap().to_string(),
            "blYhrm9qF1QjcvW-PCH4EI6gqOq6p1fcH8eCuxaT0WU"
        );
    }

    #[test]
    fn rsa_range() {
        let modulus = |len: usize, first: u8| {
            let mut n = vec![0xff; len];
            n[0] = first;
            n
        };
        let f4 = [1, 0, 1];
        assert!(is_rsa_in_range(&modulus(256, 0x80), &f4));
        assert!(is_rsa_in_range(&modulus(257, 0x01), &f4));
        assert!(is_rsa_in_range(&modulus(512, 0xff), &f4));
        assert!(!is_rsa_in_range(&modulus(256, 0x7f), &f4));
        assert!(!is_rsa_in_range(&modulus(255, 0xff), &f4));
        assert!(!is_rsa_in_range(&modulus(257, 0x00), &f4));
        assert!(!is_rsa_in_range(&modulus(513, 0x01), &f4));
        assert!(!is_rsa_in_range(&[], &f4));

        let n = modulus(256, 0x80);
        assert!(is_rsa_in_range(&n, &[0xff, 0xff, 0xff, 0xff]));
        for e in [
            &[][..],
            &[3],
            &[0, 1, 0, 1],
            &[1, 0, 0],
            &[1, 0, 2],
            &[1, 0, 0, 0, 1],
        ] {
            assert!(!is_rsa_in_range(&n, e), "{e:?}");
        }
    }
}
