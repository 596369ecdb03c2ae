//! Client certificates, of which only the bytes count here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_core::token::CertificateThumbprint;
use rcgen::{CertificateParams, KeyPair, SerialNumber};
use serde_json::{Value, json};

pub struct Certificate {
    der: Vec<u8>,
    /// PKCS#8.
    key: Vec<u8>,
}

impl Certificate {
    /// Self-signed, with one key and name, and two serial numbers.
    pub fn two_of_one_key() -> [Self; 2] {
        let key = KeyPair::generate().expect("a key");
        [1, 2].map(|number: u64| {
            let mut params = CertificateParams::default();
            params.serial_number = Some(SerialNumber::from(number));
            let certificate = params.self_signed(&key).expect("a certificate");
            Self {
                der: certificate.der().to_vec(),
                key: key.serialize_der(),
            }
        })
    }

    /// The private key, PKCS#8 in DER.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn thumbprint(&self) -> CertificateThumbprint {
        CertificateThumbprint::of_der(&self.der)
    }

    /// `cnf` of a token that is bound to it (RFC 8705 §3.1).
    pub fn confirmation(&self) -> Value {
        json!({ "x5t#S256": self.thumbprint().to_string() })
    }

    /// The hash as Envoy writes it.
    pub fn hex(&self) -> String {
        let octets = *self.thumbprint().as_bytes();
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    pub fn base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// The value of `Client-Cert` (RFC 9440 §2.2).
    pub fn client_cert(&self) -> String {
        format!(":{}:", self.base64())
    }

    pub fn pem(&self) -> String {
        let base64 = self.base64();
        let lines = base64.as_bytes().chunks(64);
        let lines: String = lines
            .map(|line| String::from_utf8_lossy(line) + "\n")
            .collect();
        format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
    }
}

/// Percent-encoded, all but letters and digits.
pub fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(octet).to_string(),
            _ => format!("%{octet:02X}"),
        })
        .collect()
}
