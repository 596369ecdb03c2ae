//! The public origin of a resource server.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::authority::{Authority, AuthorityError, Host};
use super::{Scheme, path, split_before};

/// The public origin of a resource server: scheme, host and port, as clients write them in `htu`.
///
/// It comes from configuration. An origin taken from a request (`Host`, `X-Forwarded-Host`) would let whoever
/// forwards a proof choose the server that it was made for (RFC 9449 §11.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// Normal form of the whole.
    text: String,
    scheme: Scheme,
    /// As in `text`.
    host: String,
    /// The address if `host` is an IPv6 literal.
    v6: Option<Ipv6Addr>,
    port: u16,
}

impl Origin {
    /// Reads `scheme://host`, `scheme://host:port`, or one of these with `/` behind it.
    ///
    /// The host is a name of ASCII letters, digits, `-`, `.`, `_` and `~` (an internationalised name is given
    /// in its `xn--` form), an IPv4 address, or an IPv6 address in brackets.
    ///
    /// # Errors
    ///
    /// [`OriginError`] names the part that cannot be used.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        match Self::parse_start(text)? {
            (origin, "" | "/") => Ok(origin),
            _ => Err(OriginError::NotBare),
        }
    }

    /// The origin of an absolute http or https URI, such as a resource identifier (RFC 9728 §1.2).
    ///
    /// # Errors
    ///
    /// [`OriginError`] names the part that cannot be used.
    pub fn of_uri(uri: &str) -> Result<Self, OriginError> {
        let (origin, rest) = Self::parse_start(uri)?;
        let (path, rest) = split_before(rest, &['?', '#']);
        if path::is_valid(path) && path::is_valid_query_and_fragment(rest) {
            Ok(origin)
        } else {
            Err(OriginError::Character)
        }
    }

    /// The normal form: lower case, without a default port and without `/` at the end, such as
    /// `https://api.example.com` or `https://api.example.com:8443`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case; an IPv6 address in brackets, as RFC 5952 writes it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the scheme is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether the host is `localhost`, an IPv4 address in 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.v6 {
            Some(address) => address.is_loopback(),
            None => {
                self.host == "localhost"
                    || self
                        .host
                        .parse()
                        .is_ok_and(|address: Ipv4Addr| address.is_loopback())
            }
        }
    }

    /// Whether the authority of a request, its `Host` or `:authority`, names this origin (RFC 9110 §4.2.3):
    /// host without regard to case, the default port of this origin's scheme with or without being written.
    ///
    /// Such a header says nothing about the scheme. It serves to select among configured origins.
    #[must_use]
    pub fn has_authority(&self, authority: &str) -> bool {
        Authority::parse(authority).is_ok_and(|authority| self.is_named_by(self.scheme, &authority))
    }

    pub(super) fn is_named_by(&self, scheme: Scheme, authority: &Authority<'_>) -> bool {
        let same_host = match (self.v6, &authority.host) {
            (Some(ours), Host::V6(theirs)) => ours == *theirs,
            (None, host) => host.is_name(&self.host),
            (Some(_), Host::Name(_)) => false,
        };
        let port = authority.port.unwrap_or(scheme.default_port());
        same_host && self.scheme == scheme && self.port == port
    }

    /// The origin at the start of `text`, and what follows it.
    fn parse_start(text: &str) -> Result<(Self, &str), OriginError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Scheme)?;
        let scheme = Scheme::parse(scheme).ok_or(OriginError::Scheme)?;
        let (authority, rest) = split_before(rest, &['/', '?', '#']);
        let authority = Authority::parse(authority)?;

        let (host, v6) = match authority.host {
            Host::V6(address) => (format!("[{address}]"), Some(address)),
            // Narrower than RFC 3986 §3.2.2: a `*` would be taken for a wildcard, and `%` is of no use in ASCII.
            Host::Name(name) if name.bytes().all(path::is_unreserved) => {
                (name.to_ascii_lowercase(), None)
            }
            Host::Name(_) => return Err(OriginError::Host),
        };
        let port = authority.port.unwrap_or(scheme.default_port());
        let text = if port == scheme.default_port() {
            format!("{}://{host}", scheme.name())
        } else {
            format!("{}://{host}:{port}", scheme.name())
        };
        let origin = Self {
            text,
            scheme,
            host,
            v6,
            port,
        };
        Ok((origin, rest))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.text)
    }
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginError {
    /// It does not begin with `http://` or `https://`.
    Scheme,
    /// It holds a user name or password.
    UserInfo,
    /// The host is missing, or not an ASCII name, an IPv4 address or an IPv6 address in brackets.
    Host,
    /// The port is not a number up to 65535.
    Port,
    /// Something follows the origin: a path, a query or a fragment.
    NotBare,
    /// Path, query or fragment hold a character or a percent-encoding that no URI has.
    Character,
}

impl From<AuthorityError> for OriginError {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::UserInfo => Self::UserInfo,
            AuthorityError::Host => Self::Host,
            AuthorityError::Port => Self::Port,
        }
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the URI must begin with https:// or http://",
            Self::UserInfo => "the URI must not hold a user name or password",
            Self::Host => {
                "the host must be an ASCII name, an IPv4 address or an IPv6 address in brackets"
            }
            Self::Port => "the port must be a number up to 65535",
            Self::NotBare => "an origin ends after host and port",
            Self::Character => "the URI holds a character or percent-encoding that no URI has",
        })
    }
}

impl std::error::Error for OriginError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_a_normal_form() {
        for (text, normal) in [
            ("HTTPS://API.Example.com/", "https://api.example.com"),
            ("https://api.example.com:443", "https://api.example.com"),
            ("https://api.example.com:", "https://api.example.com"),
            (
                "https://api.example.com:8443",
                "https://api.example.com:8443",
            ),
            ("http://api.example.com:080", "http://api.example.com"),
            ("http://api.example.com:443", "http://api.example.com:443"),
            ("https://[2001:DB8:0::1]:0443", "https://[2001:db8::1]"),
            ("https://a_b.example", "https://a_b.example"),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(origin.as_str(), normal);
            assert_eq!(Origin::parse(normal).unwrap(), origin);
        }

        let of_uri = Origin::of_uri("https://API.example.com:443/v1/a?b#c").unwrap();
        assert_eq!(of_uri.as_str(), "https://api.example.com");
        assert_eq!(of_uri.host(), "api.example.com");
        assert!(of_uri.is_https());
        let v6 = Origin::parse("http://[::1]:8080").unwrap();
        assert_eq!((v6.host(), v6.is_https()), ("[::1]", false));
    }

    #[test]
    fn origin_errors_name_the_part() {
        for (text, error) in [
            ("api.example.com", OriginError::Scheme),
            ("ftp://api.example.com", OriginError::Scheme),
            ("https:api.example.com", OriginError::Scheme),
            (" https://api.example.com", OriginError::Scheme),
            ("https://u@api.example.com", OriginError::UserInfo),
            ("https://", OriginError::Host),
            ("https:///", OriginError::Host),
            ("https://*.example.com", OriginError::Host),
            ("https://%61.example.com", OriginError::Host),
            ("https://bücher.example", OriginError::Host),
            ("https://api example", OriginError::Host),
            ("https://[fe80::1%25eth0]", OriginError::Host),
            ("https://[v1.x]", OriginError::Host),
            ("https://api.example.com:65536", OriginError::Port),
            ("https://api.example.com:+1", OriginError::Port),
            ("https://api.example.com/v1", OriginError::NotBare),
            ("https://api.example.com//", OriginError::NotBare),
            ("https://api.example.com?", OriginError::NotBare),
            ("https://api.example.com/#", OriginError::NotBare),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
        let character = Err(OriginError::Character);
        assert_eq!(Origin::of_uri("https://api.example.com/{a}"), character);
        assert_eq!(Origin::of_uri("https://api.example.com/?%g0"), character);
    }

    #[test]
    fn authorities_select_an_origin() {
        // G44, G47: the request names one of ours or none.
        let https = Origin::parse("https://api.example.com").unwrap();
        let http = Origin::parse("http://api.example.com").unwrap();
        let other_port = Origin::parse("https://api.example.com:8443").unwrap();
        let v6 = Origin::parse("https://[2001:db8::1]").unwrap();
        for (origin, authority, expected) in [
            (&https, "API.example.com:443", true),
            (&https, "api.example.com", true),
            (&https, "api.example.com:", true),
            (&https, "api.example.com:80", false),
            (&https, "api.example.com:8443", false),
            (&https, "api.example.com.", false),
            (&https, "api.example.com.evil.test", false),
            (&https, "u@api.example.com", false),
            (&https, "api.example.com/", false),
            (&https, "api.example.com, evil.test", false),
            (&https, "", false),
            (&http, "api.example.com:80", true),
            (&http, "api.example.com:443", false),
            (&other_port, "api.example.com:8443", true),
            (&other_port, "api.example.com", false),
            (&v6, "[2001:DB8:0:0::1]:443", true),
            (&v6, "2001:db8::1", false),
            (&v6, "[2001:db8::1", false),
        ] {
            assert_eq!(origin.has_authority(authority), expected, "{authority}");
        }
    }

    #[test]
    fn knows_loopback_hosts() {
        for (text, expected) in [
            ("http://localhost:8080", true),
            ("http://LOCALHOST", true),
            ("http://127.0.0.1", true),
            ("http://127.255.0.9:1", true),
            ("http://[::1]", true),
            ("http://128.0.0.1", false),
            ("http://127.1", false),
            ("http://localhost.evil.test", false),
            ("http://127.0.0.1.evil.test", false),
            ("http://[::]", false),
            ("http://0.0.0.0", false),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(origin.is_loopback(), expected, "{text}");
        }
    }
}
