//! What the certificate of `tls_client_auth` must say (RFC 8705 §2.1.2).

use std::net::IpAddr;

use fapi_core::config::ConfigError;
use x509_parser::extensions::GeneralName;

use super::CertificateProblem;
use super::name::DistinguishedName;
use crate::client::Client;

/// The one attribute that is registered of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Name(DistinguishedName),
    Dns(String),
    Uri(String),
    Ip(IpAddr),
    Email(String),
}

impl Subject {
    /// What is registered of the client at `at` in the document.
    pub(crate) fn of_client(client: &Client, at: &str) -> Result<Self, ConfigError> {
        let mut given = given(client);
        let Some((name, value)) = given.next() else {
            return Err(ConfigError::missing(
                format!("{at}.tls_client_auth_subject_dn"),
                "one of the `tls_client_auth_…` members is needed for `tls_client_auth`",
            ));
        };
        if let Some((second, _)) = given.next() {
            return Err(ConfigError::invalid(
                format!("{at}.{second}"),
                format!("must not stand beside `{name}`"),
            ));
        }
        let wrong = |problem: &str| ConfigError::invalid(format!("{at}.{name}"), problem);
        if value.is_empty() {
            return Err(wrong("must not be empty"));
        }
        Ok(match name {
            "tls_client_auth_subject_dn" => {
                let name = DistinguishedName::parse(value).map_err(|_| {
                    wrong("must be a distinguished name as of RFC 4514, such as CN=client,O=Example,C=GB")
                })?;
                Self::Name(name)
            }
            "tls_client_auth_san_dns" => Self::Dns(value.to_ascii_lowercase()),
            "tls_client_auth_san_uri" => Self::Uri(value.to_owned()),
            "tls_client_auth_san_ip" => {
                Self::Ip(value.parse().map_err(|_| wrong("must be an IP address"))?)
            }
            _ => Self::Email(value.to_owned()),
        })
    }

    /// That nothing of this kind is registered of a client that authenticates in another way.
    pub(crate) fn refuse(client: &Client, at: &str) -> Result<(), ConfigError> {
        match given(client).next() {
            None => Ok(()),
            Some((name, _)) => Err(ConfigError::invalid(
                format!("{at}.{name}"),
                "is for `tls_client_auth` alone",
            )),
        }
    }

    /// Whether a certificate is about it. Alternative names count exactly, none of them as a pattern.
    pub(super) fn is_of(&self, der: &[u8]) -> Result<bool, CertificateProblem> {
        let (_, certificate) =
            x509_parser::parse_x509_certificate(der).map_err(|_| CertificateProblem::Unreadable)?;
        if let Self::Name(expected) = self {
            let name = DistinguishedName::of(certificate.subject());
            return Ok(name.is_some_and(|name| name == *expected));
        }
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| CertificateProblem::Unreadable)?;
        let mut names = names.iter().flat_map(|names| &names.value.general_names);
        Ok(names.any(|name| match (self, name) {
            (Self::Dns(expected), GeneralName::DNSName(name)) => {
                name.eq_ignore_ascii_case(expected)
            }
            (Self::Uri(expected), GeneralName::URI(name)) => name == expected,
            (Self::Ip(expected), GeneralName::IPAddress(octets)) => is_address(octets, *expected),
            (Self::Email(expected), GeneralName::RFC822Name(name)) => name == expected,
            _ => false,
        }))
    }
}

/// The members that say it, with their values.
fn given(client: &Client) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        (
            "tls_client_auth_subject_dn",
            &client.tls_client_auth_subject_dn,
        ),
        ("tls_client_auth_san_dns", &client.tls_client_auth_san_dns),
        ("tls_client_auth_san_uri", &client.tls_client_auth_san_uri),
        ("tls_client_auth_san_ip", &client.tls_client_auth_san_ip),
        (
            "tls_client_auth_san_email",
            &client.tls_client_auth_san_email,
        ),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// RFC 5280 §4.2.1.6: four or sixteen octets.
fn is_address(octets: &[u8], expected: IpAddr) -> bool {
    match expected {
        IpAddr::V4(address) => octets == address.octets(),
        IpAddr::V6(address) => octets == address.octets(),
    }
}
