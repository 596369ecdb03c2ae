//! Which addresses keys are fetched from.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;
use crate::uri::Http;

/// Why no keys can be fetched from an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProblem {
    /// Not an https address that can be fetched.
    NotHttps,
    /// An address of this host or of a private network.
    NotPublic,
    /// No HTTP client could be made.
    NoClient,
}

impl fmt::Display for AddressProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHttps => "must be an https address that can be fetched",
            Self::NotPublic => "must not be an address of this host or of a private network",
            Self::NoClient => "no HTTP client could be made for it",
        })
    }
}

/// The address, if keys may be fetched from it.
pub(super) fn parse(text: &str, http: Http, reach: Reach) -> Result<Url, AddressProblem> {
    let url = Url::parse(text).map_err(|_| AddressProblem::NotHttps)?;
    let host = url.host_str().ok_or(AddressProblem::NotHttps)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let ip: Option<IpAddr> = bare.unwrap_or(host).parse().ok();
    let scheme = match (url.scheme(), http) {
        ("https", _) => true,
        ("http", Http::OnLoopback) => ip.is_some_and(|ip| ip.is_loopback()),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !scheme || !plain {
        return Err(AddressProblem::NotHttps);
    }
    // A name is looked at when it is resolved.
    match (reach, ip) {
        (Reach::PublicHosts, Some(ip)) if !is_public(ip) => Err(AddressProblem::NotPublic),
        _ => Ok(url),
    }
}

/// Resolves names to public addresses alone. The connection is made to what was looked at: a name that is resolved once
/// more may have become that of another host (DNS rebinding).
pub(super) struct PublicHosts;

impl Resolve for PublicHosts {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                let problem = "the host has no public address";
                return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, problem).into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether everybody can reach the address (RFC 6890, and the registries that it founded).
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

const fn is_public_v4(ip: Ipv4Addr) -> bool {
    !matches!(
        ip.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

/// Global unicast without what is set aside in it, and without 6to4, which has an IPv4 address of anybody's choice in it.
/// NAT64 (`64:ff9b::/96`) lies outside.
const fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => matches!(first, 0x2000..=0x3fff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_may_name_any_host() {
        for good in [
            "https://client.example/jwks?v=1",
            "https://10.0.0.1/jwks",
            "https://localhost/jwks",
            "https://[::1]:8443/",
        ] {
            assert!(parse(good, Http::Nowhere, Reach::AnyHost).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "client.example",
            "http://client.example/jwks",
            "http://127.0.0.1/jwks",
            "file:///etc/passwd",
            "https://user@client.example/",
            "https://:secret@client.example/",
            "https://client.example/#x",
        ] {
            let problem = parse(wrong, Http::Nowhere, Reach::AnyHost).unwrap_err();
            assert_eq!(problem, AddressProblem::NotHttps, "{wrong}");
        }
        let plain = |text| parse(text, Http::OnLoopback, Reach::AnyHost);
        assert!(plain("http://127.0.0.1:80/jwks").is_ok());
        assert!(plain("http://[::1]:80/jwks").is_ok());
        for elsewhere in ["http://localhost/", "http://10.0.0.1/"] {
            assert_eq!(plain(elsewhere), Err(AddressProblem::NotHttps));
        }
    }

    #[test]
    fn a_client_may_name_public_hosts_alone() {
        let public = |text| parse(text, Http::Nowhere, Reach::PublicHosts);
        for good in [
            "https://client.example/jwks",
            "https://9.9.9.9/",
            "https://100.128.0.1/",
            "https://172.32.0.1/",
            "https://192.0.1.1/",
            "https://[2620:fe::fe]/",
            "https://[2001:4860:4860::8888]/",
        ] {
            assert!(public(good).is_ok(), "{good}");
        }
        for private in [
            "https://0.0.0.0/",
            "https://0/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://192.0.0.8/",
            "https://198.19.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:db8::1]/",
            "https://[2001::1]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
        ] {
            assert_eq!(public(private), Err(AddressProblem::NotPublic), "{private}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_host_resolves_to_nothing() {
        let resolved = PublicHosts.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err());
    }
}
