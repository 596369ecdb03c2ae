//! Whose certificate header is believed.

use std::net::IpAddr;

use crate::config::TrustedProxy;

/// Who is at the other end of the connection that a request came in on. Not what a header such as `Forwarded` says.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Whoever has this address.
    Ip(IpAddr),
    /// Whoever could open the Unix domain socket.
    Unix,
    /// The host does not know. Never trusted.
    #[default]
    Unknown,
}

/// The peers that `mtls.trusted_proxies` names.
#[derive(Clone, Debug)]
pub struct TrustedPeers(Vec<TrustedPeer>);

/// What an address has in common with the others of its network: `address & mask == network`.
#[derive(Clone, Copy, Debug)]
enum TrustedPeer {
    Unix,
    V4 { network: u32, mask: u32 },
    V6 { network: u128, mask: u128 },
}

impl TrustedPeers {
    /// Prepares what the configuration says. An entry that a validated configuration cannot have trusts nobody.
    #[must_use]
    pub fn new(proxies: &[TrustedProxy]) -> Self {
        Self(proxies.iter().filter_map(compile).collect())
    }

    /// Whether a header from this peer is believed.
    ///
    /// An IPv4 address in IPv6 form (`::ffff:10.0.0.1`, RFC 4291 §2.5.5.2), as a socket for both families shows it,
    /// counts as the IPv4 address alone: `10.0.0.0/8` contains it, `::/0` does not.
    #[must_use]
    pub fn contains(&self, peer: &Peer) -> bool {
        let address = match peer {
            Peer::Ip(address) => Some(address.to_canonical()),
            Peer::Unix => None,
            Peer::Unknown => return false,
        };
        self.0.iter().any(|trusted| match (trusted, address) {
            (TrustedPeer::Unix, None) => true,
            (TrustedPeer::V4 { network, mask }, Some(IpAddr::V4(v4))) => {
                v4.to_bits() & mask == *network
            }
            (TrustedPeer::V6 { network, mask }, Some(IpAddr::V6(v6))) => {
                v6.to_bits() & mask == *network
            }
            _ => false,
        })
    }
}

fn compile(proxy: &TrustedProxy) -> Option<TrustedPeer> {
    let (address, prefix) = match *proxy {
        TrustedProxy::Unix => return Some(TrustedPeer::Unix),
        TrustedProxy::Network { address, prefix } => (address, u32::from(prefix)),
    };
    // A network of IPv4 addresses in IPv6 form is meant as the IPv4 network.
    let (address, prefix) = match (address.to_canonical(), prefix.checked_sub(96)) {
        (v4 @ IpAddr::V4(_), Some(of_v4)) if address.is_ipv6() => (v4, of_v4),
        _ => (address, prefix),
    };
    // A shift by all bits overflows: then none counts.
    Some(match address {
        IpAddr::V4(v4) => TrustedPeer::V4 {
            network: v4.to_bits(),
            mask: u32::MAX
                .checked_shl(u32::BITS.checked_sub(prefix)?)
                .unwrap_or(0),
        },
        IpAddr::V6(v6) => TrustedPeer::V6 {
            network: v6.to_bits(),
            mask: u128::MAX
                .checked_shl(u128::BITS.checked_sub(prefix)?)
                .unwrap_or(0),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn trusted(proxies: &[&str]) -> TrustedPeers {
        let proxies: Vec<TrustedProxy> = proxies.iter().map(|text| text.parse().unwrap()).collect();
        TrustedPeers::new(&proxies)
    }

    fn ip(text: &str) -> Peer {
        Peer::Ip(text.parse().unwrap())
    }

    #[test]
    fn contains_what_is_named() {
        let table: &[(&[&str], &[&str], &[&str])] = &[
            (
                &["10.0.0.0/8"],
                &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
                &[
                    "9.255.255.255",
                    "11.0.0.0",
                    "::a00:1",
                    "::10.0.0.1",
                    "64:ff9b::10.0.0.1",
                ],
            ),
            (
                &["192.0.2.7/32"],
                &["192.0.2.7", "::ffff:192.0.2.7"],
                &["192.0.2.6", "192.0.2.8", "::192.0.2.7"],
            ),
            (
                &["192.0.2.128/25"],
                &["192.0.2.128", "192.0.2.255"],
                &["192.0.2.127", "192.0.3.128"],
            ),
            (
                &["0.0.0.0/0"],
                &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"],
                &["::", "2001:db8::1"],
            ),
            (
                &["2001:db8::/32"],
                &["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
                &["2001:db7::1", "2001:db9::", "10.0.0.1"],
            ),
            (
                &["::1/128"],
                &["::1"],
                &["::2", "127.0.0.1", "::ffff:127.0.0.1"],
            ),
            (
                &["::/0"],
                &["::", "ffff::"],
                &["10.0.0.1", "::ffff:10.0.0.1"],
            ),
            (
                &["::ffff:10.0.0.0/104"],
                &["10.0.0.1", "::ffff:10.0.0.1"],
                &["11.0.0.1", "::ffff:11.0.0.1", "::10.0.0.1"],
            ),
            (
                &["::ffff:0.0.0.0/96"],
                &["10.0.0.1", "::ffff:10.0.0.1"],
                &["::1"],
            ),
            (&["unix"], &[], &["127.0.0.1", "::1"]),
            (&[], &[], &["127.0.0.1", "::1"]),
        ];
        for (proxies, inside, outside) in table {
            let trusted = trusted(proxies);
            for address in *inside {
                assert!(trusted.contains(&ip(address)), "{proxies:?} {address}");
            }
            for address in *outside {
                assert!(!trusted.contains(&ip(address)), "{proxies:?} {address}");
            }
        }
    }

    #[test]
    fn a_unix_socket_is_trusted_by_name_alone() {
        assert!(trusted(&["10.0.0.0/8", "unix"]).contains(&Peer::Unix));
        assert!(!trusted(&["0.0.0.0/0", "::/0"]).contains(&Peer::Unix));
    }

    #[test]
    fn the_unknown_is_never_trusted() {
        assert!(!trusted(&["0.0.0.0/0", "::/0", "unix"]).contains(&Peer::Unknown));
    }

    #[test]
    fn what_validation_refuses_trusts_nobody() {
        for (address, prefix) in [("10.0.0.0", 33), ("10.0.0.1", 8), ("::", 129)] {
            let address = address.parse().unwrap();
            let trusted = TrustedPeers::new(&[TrustedProxy::Network { address, prefix }]);
            assert!(!trusted.contains(&Peer::Ip(address)), "{address}/{prefix}");
        }
    }

    proptest! {
        #[test]
        fn a_network_is_what_shares_its_first_bits(bits: u32, other: u32, prefix in 0_u8..=32) {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let address = IpAddr::V4(Ipv4Addr::from_bits(bits & mask));
            let trusted = TrustedPeers::new(&[TrustedProxy::Network { address, prefix }]);
            for other in [other, bits ^ (other >> (prefix % 32)), bits] {
                let v4 = Ipv4Addr::from_bits(other);
                let expected = other & mask == bits & mask;
                prop_assert_eq!(trusted.contains(&Peer::Ip(v4.into())), expected);
                prop_assert_eq!(trusted.contains(&Peer::Ip(v4.to_ipv6_mapped().into())), expected);
            }
        }
    }
}
