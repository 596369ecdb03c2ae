//! Certificates for tests, made once with `openssl req -x509`: both self-signed, with the same name and key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::token::CertificateThumbprint;

pub(super) struct Sample {
    pub(super) pem: &'static str,
    /// As `openssl x509 -outform DER | sha256sum` prints it.
    pub(super) sha256: &'static str,
}

impl Sample {
    /// The base64 of the PEM on one line.
    pub(super) fn base64(&self) -> String {
        self.pem
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect()
    }

    pub(super) fn der(&self) -> Vec<u8> {
        STANDARD.decode(self.base64()).unwrap()
    }

    pub(super) fn thumbprint(&self) -> CertificateThumbprint {
        CertificateThumbprint::from_hex(self.sha256.as_bytes()).unwrap()
    }
}

/// As Envoy encodes PEM: all but letters, digits, `-`, `.`, `_` and `~`.
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Its base64 has a `+`.
pub(super) const FIRST: Sample = Sample {
    pem: "-----BEGIN CERTIFICATE-----
MIIBbDCCARKgAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDApjbGllbnQg
b25lMB4XDTI2MTEyMDEyMjYxMVoXDTM2MTExNzEyMjYxMVowFTETMBEGA1UEAwwK
Y2xpZW50IG9uZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEcuer1zSuW9kO47
Pm2I0LgibbPfuD5TwkWEkhLZGVAHOCdCT/r7L2Lyf7eQVc2PAxL0iklbMv8wa8XZ
S/ArDsejUzBRMB0GA1UdDgQWBBQ5pJ/iEeLh3tL40D81Nlc8T1MoxTAfBgNVHSME
GDAWgBQ5pJ/iEeLh3tL40D81Nlc8T1MoxTAPBgNVHRMBAf8EBTADAQH/MAoGCCqG
SM49BAMCA0gAMEUCIEv7XZjv2bg3MrQ+dZPoczU0WuJVw4X3z/JnHIdXWwnHAiEA
zIrdYi5Qci7hiQcvSaCw6vY56tPBdWZ0YBo0PNPzGrw=
-----END CERTIFICATE-----
",
    sha256: "1ba52ddb65e56e11162abadbebb9350c19d71ff9454b4e9a22000579af374028",
};

/// The renewed one: another serial number and signature.
pub(super) const SECOND: Sample = Sample {
    pem: "-----BEGIN CERTIFICATE-----
MIIBbTCCARKgAwIBAgIBAjAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDApjbGllbnQg
b25lMB4XDTI2MTEyMDEyMjYxMVoXDTM2MTExNzEyMjYxMVowFTETMBEGA1UEAwwK
Y2xpZW50IG9uZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEcuer1zSuW9kO47
Pm2I0LgibbPfuD5TwkWEkhLZGVAHOCdCT/r7L2Lyf7eQVc2PAxL0iklbMv8wa8XZ
S/ArDsejUzBRMB0GA1UdDgQWBBQ5pJ/iEeLh3tL40D81Nlc8T1MoxTAfBgNVHSME
GDAWgBQ5pJ/iEeLh3tL40D81Nlc8T1MoxTAPBgNVHRMBAf8EBTADAQH/MAoGCCqG
SM49BAMCA0kAMEYCIQCA6gSSZOPCqL3yRkDwSANayr7kUiA/DHN9A8SopVOWrQIh
ALHzWKxBRrGpVn2RqMs6DC6oFrAdHpQdZ/MDUivNPPIz
-----END CERTIFICATE-----
",
    sha256: "c35f9c730e638fe69862072b811dcc1f83a12ab01258c564dac852fa3938bc28",
};
