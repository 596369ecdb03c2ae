//! The `cnf` claim (RFC 7800 §3.1): what a token is bound to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::MapAccess;
use sha2::{Digest as _, Sha256};

use crate::jose::Thumbprint;
use crate::jose::json::{Members, Text, take};

/// What the sender of a token must prove to have. A token that is bound to nothing has none, and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// `jkt`: the DPoP key (RFC 9449 §6.1).
    Key(Thumbprint),
    /// `x5t#S256`: the TLS client certificate (RFC 8705 §3.1).
    Certificate(CertificateThumbprint),
    /// Both members: both must be proven.
    KeyAndCertificate(Thumbprint, CertificateThumbprint),
}

impl Confirmation {
    /// The DPoP key's thumbprint, if the token is bound to one.
    #[must_use]
    pub const fn key(&self) -> Option<&Thumbprint> {
        match self {
            Self::Key(key) | Self::KeyAndCertificate(key, _) => Some(key),
            Self::Certificate(_) => None,
        }
    }

    /// The certificate's thumbprint, if the token is bound to one.
    #[must_use]
    pub const fn certificate(&self) -> Option<&CertificateThumbprint> {
        match self {
            Self::Certificate(certificate) | Self::KeyAndCertificate(_, certificate) => {
                Some(certificate)
            }
            Self::Key(_) => None,
        }
    }
}

/// The SHA-256 of a client certificate's DER (RFC 8705 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateThumbprint([u8; 32]);

impl CertificateThumbprint {
    /// The thumbprint of the certificate with this DER, such as the TLS layer has it. The DER is not looked into.
    #[must_use]
    pub fn of_der(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The thumbprint with these 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CertificateThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for CertificateThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateThumbprint({self})")
    }
}

/// The members of `cnf` that we can enforce. Others are ignored beside one of these, and nothing alone.
#[derive(Default)]
pub(crate) struct RawConfirmation<'de> {
    jkt: Option<Text<'de>>,
    x5t_s256: Option<Text<'de>>,
}

impl<'de> Members<'de> for RawConfirmation<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "jkt" => take(&mut self.jkt, map),
            "x5t#S256" => take(&mut self.x5t_s256, map),
            _ => Ok(None),
        }
    }
}

impl RawConfirmation<'_> {
    /// What the token is bound to, or `None` if that is nothing, or nothing that a hash could be.
    pub(crate) fn resolve(&self) -> Option<Confirmation> {
        // Each value in its one base64url spelling: an odd one is refused, not compared.
        let thumbprint = |text: &Option<Text<'_>>| {
            text.as_ref()
                .map(|text| Thumbprint::from_base64url(&text.0).ok_or(()))
                .transpose()
        };
        let certificate = |hash: Thumbprint| CertificateThumbprint(*hash.as_bytes());
        match (
            thumbprint(&self.jkt).ok()?,
            thumbprint(&self.x5t_s256).ok()?,
        ) {
            (Some(key), None) => Some(Confirmation::Key(key)),
            (None, Some(hash)) => Some(Confirmation::Certificate(certificate(hash))),
            (Some(key), Some(hash)) => {
                Some(Confirmation::KeyAndCertificate(key, certificate(hash)))
            }
            (None, None) => None,
        }
    }
}
