//! A simple look at addresses: enough to name the wrong field at start.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::config::{Config, ConfigError};

/// Where plain http is allowed.
#[derive(Clone, Copy)]
pub(super) enum Http {
    Nowhere,
    OnLoopback,
}

impl Http {
    pub(super) const fn of(config: &Config) -> Self {
        if config.allow_http_loopback {
            Self::OnLoopback
        } else {
            Self::Nowhere
        }
    }
}

/// Which parts of an address may be there beside scheme, host and port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    /// Nothing else, not even a path.
    OriginOnly,
    /// A path.
    PathOnly,
    /// A path and a query.
    NoFragment,
}

/// An absolute https address (or http on loopback, where allowed) in ASCII, without user information.
pub(super) fn check(path: &str, text: &str, http: Http, parts: Parts) -> Result<(), ConfigError> {
    problem(text, http, parts).map_or(Ok(()), |p| Err(ConfigError::invalid(path, p)))
}

/// The origin as a key to compare by: lower case, without the scheme's default port (RFC 3986 §6.2.2.1, §6.2.3).
pub(super) fn comparable_origin(origin: &str) -> String {
    let lower = origin.to_ascii_lowercase();
    let port = if lower.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    lower.strip_suffix(port).unwrap_or(&lower).to_owned()
}

/// The host and port of `host:port`, where both have their form.
pub(super) fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at_checked(end)?;
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if host.is_empty() || !host.bytes().all(allowed) {
                return None;
            }
            (host, port)
        }
    };
    (port.is_empty() || is_port(port.strip_prefix(':')?)).then_some(host)
}

fn problem(text: &str, http: Http, parts: Parts) -> Option<&'static str> {
    const NOT_IN_URIS: &str = "\"<>\\^`{|}";
    if !text
        .chars()
        .all(|c| c.is_ascii_graphic() && !NOT_IN_URIS.contains(c))
    {
        return Some("must be a URI in ASCII without spaces");
    }
    let (rest, plain_http) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Some("must be an absolute URI that begins with https://"),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end)?;
    if authority.contains('@') {
        return Some("must not contain user information");
    }
    let Some(host) = host_of(authority) else {
        return Some("must have a host name or address, and a port from 1 to 65535 if any");
    };
    match (plain_http, http) {
        (false, _) => {}
        (true, Http::Nowhere) => {
            return Some("must be https (http only on loopback, with `allow_http_loopback`)");
        }
        (true, Http::OnLoopback) if !is_loopback(host) => {
            return Some("must be https: `allow_http_loopback` is for loopback addresses only");
        }
        (true, Http::OnLoopback) => {}
    }
    match parts {
        _ if tail.contains('#') => Some("must not have a fragment"),
        Parts::PathOnly if tail.contains('?') => Some("must not have a query"),
        Parts::OriginOnly if !tail.is_empty() => {
            Some("must be an origin: scheme, host and port, without even a / behind")
        }
        _ => None,
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|a| a.is_loopback())
}
