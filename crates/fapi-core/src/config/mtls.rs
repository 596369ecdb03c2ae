//! Tokens bound to a client certificate (RFC 8705 §3).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// Where the client certificate comes from. With this part present, tokens with `cnf["x5t#S256"]` are accepted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct MtlsConfig {
    /// Who tells us the certificate. Default: `tls`.
    pub certificate_from: CertificateFrom,
    /// Which element of a header list counts, from the right, 1 to 16. Default: 1. Fewer elements mean no certificate.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 16)))]
    pub trusted_hops: u8,
    /// The peers from which a certificate header is believed: networks in CIDR notation (RFC 4632 §3.1, RFC 4291
    /// §2.3), or `unix` for a Unix domain socket. Needed for `xfcc` and `client-cert`: a certificate's hash is public,
    /// and whoever reaches the port can send a header. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<TrustedProxy>,
}

/// Who tells us the client certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFrom {
    /// The TLS connection itself.
    #[default]
    Tls,
    /// Envoy's header `x-forwarded-client-cert`.
    Xfcc,
    /// The header `Client-Cert` (RFC 9440).
    ClientCert,
}

/// A peer whose certificate header is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// Whoever connects over a Unix domain socket.
    Unix,
    /// Addresses that share the first `prefix` bits with `address`, whose other bits are zero.
    Network {
        /// The network's address.
        address: IpAddr,
        /// How many bits count: at most 32 for IPv4, 128 for IPv6.
        prefix: u8,
    },
}

/// Text that is neither `unix` nor a network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustedProxyError {
    /// Not `unix`, and not an address, a slash and a number.
    Syntax,
    /// The number after the slash is greater than the address has bits.
    PrefixTooLong,
    /// The address has bits set behind the prefix: `10.0.0.1/8` may mean `10.0.0.0/8` or `10.0.0.1/32`.
    HostBits,
}

impl Default for MtlsConfig {
    fn default() -> Self {
        Self {
            certificate_from: CertificateFrom::default(),
            trusted_hops: 1,
            trusted_proxies: Vec::new(),
        }
    }
}

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let (address, prefix) = text.split_once('/').ok_or(TrustedProxyError::Syntax)?;
        let address: IpAddr = address.parse().map_err(|_| TrustedProxyError::Syntax)?;
        if !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TrustedProxyError::Syntax);
        }
        let prefix: u8 = prefix.parse().map_err(|_| TrustedProxyError::Syntax)?;
        let (bits, width) = match address {
            // Both as the low bits of a u128: the shift below is then the same.
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32_u8),
            IpAddr::V6(v6) => (v6.to_bits(), 128_u8),
        };
        let host_bits = width
            .checked_sub(prefix)
            .ok_or(TrustedProxyError::PrefixTooLong)?;
        // A shift by 128 overflows: then every bit is a host bit.
        let network = u128::MAX.checked_shl(u32::from(host_bits)).unwrap_or(0);
        if bits & !network != 0 {
            return Err(TrustedProxyError::HostBits);
        }
        Ok(Self::Network { address, prefix })
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix => f.write_str("unix"),
            Self::Network { address, prefix } => write!(f, "{address}/{prefix}"),
        }
    }
}

impl fmt::Display for TrustedProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => {
                "must be a network in CIDR notation such as 10.0.0.0/8 or 10.0.0.1/32, or \"unix\""
            }
            Self::PrefixTooLong => "the prefix is longer than the address",
            Self::HostBits => "the address has bits set behind the prefix",
        })
    }
}

impl std::error::Error for TrustedProxyError {}

impl Serialize for TrustedProxy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrustedProxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
