//! Host and port of a URI.

use std::net::Ipv6Addr;

use super::path::{self, Octet};

/// The authority of an http or https URI (RFC 3986 §3.2, RFC 9110 §4.2), without user information.
#[derive(Debug)]
pub(super) struct Authority<'a> {
    pub(super) host: Host<'a>,
    /// `None` if absent or empty: the default of the scheme (RFC 3986 §6.2.3).
    pub(super) port: Option<u16>,
}

#[derive(Debug)]
pub(super) enum Host<'a> {
    /// A registered name or an IPv4 address, as written. An IPv4 address in another spelling than four
    /// decimal numbers is just a name.
    Name(&'a str),
    V6(Ipv6Addr),
}

#[derive(Debug)]
pub(super) enum AuthorityError {
    UserInfo,
    Host,
    Port,
}

impl<'a> Authority<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthorityError> {
        // RFC 9110 §4.2.4: user information in an http or https URI is treated as an error.
        if text.contains('@') {
            return Err(AuthorityError::UserInfo);
        }
        let (host, port) = if let Some(text) = text.strip_prefix('[') {
            // Zone identifiers (RFC 6874) and IPvFuture are no `Ipv6Addr`.
            let (address, port) = text.split_once(']').ok_or(AuthorityError::Host)?;
            let address = address.parse().map_err(|_| AuthorityError::Host)?;
            (Host::V6(address), port)
        } else {
            let (name, port) = super::split_before(text, &[':']);
            // RFC 9110 §4.2.1: an empty host is invalid.
            if name.is_empty() || !path::is_valid_host_name(name) {
                return Err(AuthorityError::Host);
            }
            (Host::Name(name), port)
        };
        Ok(Self {
            host,
            port: parse_port(port)?,
        })
    }
}

impl Host<'_> {
    /// Whether both are the same host; `name` is in lower case and free of percent-encodings.
    pub(super) fn is_name(&self, name: &str) -> bool {
        match self {
            // RFC 3986 §6.2.2.1, §6.2.2.2: decoded first, as a decoded letter may be in upper case. Other
            // encoded octets equal nothing.
            Self::Name(written) => path::octets(written)
                .map(Octet::to_ascii_lowercase)
                .eq(name.bytes().map(Octet::Plain)),
            Self::V6(_) => false,
        }
    }
}

/// Reads `":" *DIGIT` or nothing.
fn parse_port(text: &str) -> Result<Option<u16>, AuthorityError> {
    let Some(digits) = text.strip_prefix(':') else {
        return if text.is_empty() {
            Ok(None)
        } else {
            Err(AuthorityError::Host)
        };
    };
    if digits.is_empty() {
        return Ok(None);
    }
    // `u16::from_str` takes a leading "+".
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AuthorityError::Port);
    }
    digits.parse().map(Some).map_err(|_| AuthorityError::Port)
}
