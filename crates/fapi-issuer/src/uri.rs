//! The issuer identifier and the addresses below it.

use fapi_core::config::ConfigError;
use fapi_core::dpop::Origin;

/// The public address of the issuer, taken apart once.
#[derive(Debug)]
pub(crate) struct IssuerUri {
    /// As configured: the `iss` of tokens and the `aud` of assertions.
    identifier: Box<str>,
    origin: Origin,
    /// Empty, or `/` and more without a `/` at the end.
    path: Box<str>,
}

/// Where plain http is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    Nowhere,
    OnLoopback,
}

impl IssuerUri {
    pub(crate) fn parse(identifier: &str, http: Http) -> Result<Self, ConfigError> {
        let wrong = |problem: &str| ConfigError::invalid("issuer", problem);
        let origin = Origin::of_uri(identifier).map_err(|error| wrong(&error.to_string()))?;
        match http {
            _ if origin.is_https() => {}
            Http::OnLoopback if origin.is_loopback() => {}
            Http::OnLoopback => {
                return Err(wrong(
                    "must be https: `allow_http_loopback` is for loopback addresses only",
                ));
            }
            Http::Nowhere => {
                return Err(wrong(
                    "must be https (http only on loopback, with `allow_http_loopback`)",
                ));
            }
        }
        // Clients compare the identifier as text (RFC 8414 §3.3), so it has one spelling.
        let path = identifier
            .strip_prefix(origin.as_str())
            .filter(|path| path.is_empty() || path.starts_with(['/', '?', '#']))
            .ok_or_else(|| {
                wrong(
                    "must be written with scheme and host in lower case and without a default port",
                )
            })?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_plain = |path: &str| path.split('/').all(is_plain_segment);
        if !path.is_empty() && !path.strip_prefix('/').is_some_and(is_plain) {
            return Err(wrong(
                "may have a path of letters, digits and -._~ only, and neither query nor fragment",
            ));
        }
        Ok(Self {
            identifier: identifier.into(),
            path: path.into(),
            origin,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.identifier
    }

    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path of the endpoint called `name`.
    pub(crate) fn endpoint_path(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// The address of the endpoint called `name`.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("{}{}/{name}", self.origin, self.path)
    }

    /// RFC 8414 §3: the well-known part goes between host and path.
    pub(crate) fn well_known_path(&self, suffix: &str) -> String {
        format!("/.well-known/{suffix}{}", self.path)
    }
}

fn is_plain_segment(segment: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lie_below_the_issuer() {
        for (identifier, token, metadata) in [
            (
                "https://as.example.com",
                "https://as.example.com/token",
                "/.well-known/oauth-authorization-server",
            ),
            (
                "https://as.example.com/",
                "https://as.example.com/token",
                "/.well-known/oauth-authorization-server",
            ),
            (
                "https://as.example.com:8443/t-1/x",
                "https://as.example.com:8443/t-1/x/token",
                "/.well-known/oauth-authorization-server/t-1/x",
            ),
        ] {
            let uri = IssuerUri::parse(identifier, Http::Nowhere).unwrap();
            assert_eq!(uri.as_str(), identifier);
            assert_eq!(uri.endpoint("token"), token);
            assert_eq!(uri.well_known_path("oauth-authorization-server"), metadata);
        }
    }

    #[test]
    fn odd_identifiers_are_refused() {
        for wrong in [
            "",
            "as.example.com",
            "http://as.example.com",
            "http://127.0.0.1",
            "https://AS.example.com",
            "https://as.example.com:443",
            "https://as.example.com?x",
            "https://as.example.com#x",
            "https://user@as.example.com",
            "https://as.example.com/a//b",
            "https://as.example.com//",
            "https://as.example.com/../b",
            "https://as.example.com/{id}",
            "https://as.example.com/:id",
            "https://as.example.com/a%20b",
        ] {
            let error = IssuerUri::parse(wrong, Http::Nowhere).unwrap_err();
            assert_eq!(error.path(), "issuer", "{wrong}");
        }
        assert!(IssuerUri::parse("http://127.0.0.1:8080", Http::OnLoopback).is_ok());
        assert!(IssuerUri::parse("http://as.example.com", Http::OnLoopback).is_err());
    }
}
