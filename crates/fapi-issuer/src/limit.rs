//! How many requests somebody may send in a second.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use fapi_core::UnixTime;
use fapi_core::mtls::Peer;
use serde::{Deserialize, Serialize};

/// How many requests to the PAR, token, revocation and registration endpoints are answered in each second of the clock. The
/// others get 429 `temporarily_unavailable` and `Retry-After`. Introspection is not counted: resource servers ask as often as
/// they are asked. What is counted is counted by this process alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct RateLimitsConfig {
    /// From one address, or from one /64 network of IPv6, before anything of a request but its address is looked at. Leave it
    /// off behind a proxy, from whose address all requests come. Default: 0, which is off.
    pub per_address_per_second: u32,
    /// From one client, once it has authenticated. Default: 0, which is off.
    pub per_client_per_second: u32,
}

/// Counts requests.
#[derive(Debug)]
pub(crate) struct RateLimits {
    addresses: Option<Limit<IpAddr>>,
    clients: Option<Limit<Box<str>>>,
}

/// Whose requests are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    FromAddress,
    FromClient,
}

impl RateLimits {
    pub(crate) fn new(config: &RateLimitsConfig) -> Self {
        Self {
            addresses: Limit::new(config.per_address_per_second),
            clients: Limit::new(config.per_client_per_second),
        }
    }

    /// Counts a request of this peer. One that has no address is not counted.
    pub(crate) fn check_address(&self, peer: &Peer, now: UnixTime) -> Result<(), TooMany> {
        match (&self.addresses, peer) {
            (Some(limit), Peer::Ip(address)) => {
                limit.count(network(*address), now, TooMany::FromAddress)
            }
            _ => Ok(()),
        }
    }

    /// Counts a request of this client.
    pub(crate) fn check_client(&self, client_id: &str, now: UnixTime) -> Result<(), TooMany> {
        match &self.clients {
            Some(limit) => limit.count(client_id.into(), now, TooMany::FromClient),
            None => Ok(()),
        }
    }
}

/// Whoever has one IPv6 address has all of its /64 (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[derive(Debug)]
struct Limit<K> {
    most: u32,
    second: Mutex<Second<K>>,
}

/// The requests of the present second. Whoever sends at the end of one and at the beginning of the next gets twice as many in
/// between: that is the price of remembering no more than this.
#[derive(Debug)]
struct Second<K> {
    now: UnixTime,
    requests: HashMap<K, u32>,
}

impl<K: Eq + Hash> Limit<K> {
    fn new(most: u32) -> Option<Self> {
        (most > 0).then(|| Self {
            most,
            second: Mutex::new(Second {
                now: UnixTime::from_secs(0),
                requests: HashMap::new(),
            }),
        })
    }

    fn count(&self, who: K, now: UnixTime, too_many: TooMany) -> Result<(), TooMany> {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.now != now {
            second.now = now;
            second.requests.clear();
        }
        let requests = second.requests.entry(who).or_default();
        if *requests >= self.most {
            return Err(too_many);
        }
        *requests = requests.saturating_add(1);
        Ok(())
    }
}

impl TooMany {
    /// The code for logs.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::FromAddress => "rate_limit_address",
            Self::FromClient => "rate_limit_client",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_address: u32, per_client: u32) -> RateLimits {
        RateLimits::new(&RateLimitsConfig {
            per_address_per_second: per_address,
            per_client_per_second: per_client,
        })
    }

    fn peer(address: &str) -> Peer {
        Peer::Ip(address.parse().unwrap())
    }

    #[test]
    fn each_second_has_room_again_and_everybody_their_own() {
        let limits = limits(2, 1);
        for seconds in [10, 11, 10] {
            let now = UnixTime::from_secs(seconds);
            for _ in 0..2 {
                assert_eq!(limits.check_address(&peer("192.0.2.1"), now), Ok(()));
                assert_eq!(limits.check_address(&peer("192.0.2.2"), now), Ok(()));
            }
            let refused = limits.check_address(&peer("192.0.2.1"), now);
            assert_eq!(refused, Err(TooMany::FromAddress));
            assert_eq!(limits.check_client("one", now), Ok(()));
            assert_eq!(limits.check_client("two", now), Ok(()));
            assert_eq!(limits.check_client("one", now), Err(TooMany::FromClient));
        }
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let limits = limits(1, 0);
        let now = UnixTime::from_secs(10);
        let check = |address| limits.check_address(&peer(address), now);
        assert_eq!(check("2001:db8::1"), Ok(()));
        assert_eq!(check("2001:db8::ffff:0:0:1"), Err(TooMany::FromAddress));
        assert_eq!(check("2001:db8:0:1::1"), Ok(()));
        assert_eq!(check("::ffff:192.0.2.1"), Ok(()));
        assert_eq!(check("192.0.2.1"), Err(TooMany::FromAddress));
    }

    #[test]
    fn zero_is_off_and_sockets_without_addresses_are_not_counted() {
        let now = UnixTime::from_secs(10);
        for _ in 0..1000 {
            let off = limits(0, 0);
            assert_eq!(off.check_address(&peer("192.0.2.1"), now), Ok(()));
            assert_eq!(off.check_client("one", now), Ok(()));
        }
        let on = limits(1, 1);
        for peer in [Peer::Unix, Peer::Unknown, Peer::Unix, Peer::Unknown] {
            assert_eq!(on.check_address(&peer, now), Ok(()));
        }
    }
}
