//! Where an issuer's keys are (RFC 8414, OpenID Connect Discovery).

use fapi_core::config::{Config, ConfigError, IssuerConfig};
use fapi_core::fetch::{IssuerMetadata, MetadataError, metadata_addresses};
use reqwest::Url;

use super::error::FetchProblem;

/// Where an issuer's keys are, or where that is written.
#[derive(PartialEq, Eq)]
pub(super) enum Place {
    /// The address of the key set.
    JwksUri(Url),
    /// The addresses of the metadata, in the order in which they are tried.
    Metadata { oauth: Url, openid: Url },
}

/// Where plain http will do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainHttp {
    Nowhere,
    OnLoopback,
}

impl PlainHttp {
    pub(super) const fn of(config: &Config) -> Self {
        if config.allow_http_loopback {
            Self::OnLoopback
        } else {
            Self::Nowhere
        }
    }
}

impl Place {
    /// The place of the issuer's keys; `index` is its place in `issuers`.
    pub(super) fn of(
        issuer: &IssuerConfig,
        http: PlainHttp,
        index: usize,
    ) -> Result<Self, ConfigError> {
        let wrong = |field: &str| {
            let path = format!("issuers[{index}].{field}");
            move || {
                ConfigError::invalid(path.clone(), "must be an https address that can be fetched")
            }
        };
        if let Some(uri) = &issuer.jwks_uri {
            return address(uri, http)
                .map(Self::JwksUri)
                .ok_or_else(wrong("jwks_uri"));
        }
        let wrong = wrong("issuer");
        let [oauth, openid] = metadata_addresses(&issuer.issuer).ok_or_else(&wrong)?;
        Ok(Self::Metadata {
            oauth: address(&oauth, http).ok_or_else(&wrong)?,
            openid: address(&openid, http).ok_or_else(&wrong)?,
        })
    }
}

/// The `jwks_uri` in the metadata of this issuer.
pub(super) fn jwks_uri(json: &[u8], issuer: &str, http: PlainHttp) -> Result<Url, FetchProblem> {
    let metadata = IssuerMetadata::read(json, issuer).map_err(|error| match error {
        MetadataError::Malformed => FetchProblem::Metadata,
        MetadataError::OtherIssuer => FetchProblem::OtherIssuer,
    })?;
    address(&metadata.jwks_uri, http).ok_or(FetchProblem::JwksUri)
}

/// An address that may be fetched.
fn address(text: &str, http: PlainHttp) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let scheme = match (url.scheme(), http) {
        ("https", _) => true,
        ("http", PlainHttp::OnLoopback) => is_loopback(&url),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (scheme && plain && url.host_str().is_some()).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare == "localhost"
        || bare
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS: &str = "https://as.example.com";

    #[test]
    fn addresses_are_https_or_loopback() {
        let good = [
            "https://as.example.com/jwks?v=1",
            "https://10.0.0.1/jwks",
            "https://[::1]/jwks",
        ];
        for text in good {
            assert!(address(text, PlainHttp::Nowhere).is_some(), "{text}");
        }
        let loopback = [
            "http://127.0.0.1:80/jwks",
            "http://127.9.9.9/jwks",
            "http://[::1]:8080/jwks",
            "http://localhost/jwks",
        ];
        for text in loopback {
            assert!(address(text, PlainHttp::OnLoopback).is_some(), "{text}");
            assert!(address(text, PlainHttp::Nowhere).is_none(), "{text}");
        }
        let bad = [
            "http://as.example.com/jwks",
            "http://169.254.169.254/latest",
            "http://0.0.0.0/jwks",
            "http://localhost.example.com/jwks",
            "http://127.0.0.1.example.com/jwks",
            "https://user@as.example.com/jwks",
            "https://:secret@as.example.com/jwks",
            "https://as.example.com/jwks#keys",
            "https://",
            "https:///",
            "file:///etc/passwd",
            "data:application/json,{}",
            "/jwks",
            "as.example.com/jwks",
            "",
        ];
        for text in bad {
            assert!(address(text, PlainHttp::OnLoopback).is_none(), "{text}");
        }
    }

    #[test]
    fn metadata_of_the_issuer_tell_the_address() {
        let json = br#"{"issuer":"https://as.example.com","jwks_uri":"https://keys.example.net/jwks","x":[{}]}"#;
        let url = jwks_uri(json, AS, PlainHttp::Nowhere).unwrap();
        assert_eq!(url.as_str(), "https://keys.example.net/jwks");
    }

    #[test]
    fn what_is_not_the_issuers_metadata_is_refused() {
        let json = br#"{"issuer":"https://evil.example","jwks_uri":"https://as.example.com/jwks"}"#;
        let problem = jwks_uri(json, AS, PlainHttp::Nowhere).unwrap_err();
        assert_eq!(problem, FetchProblem::OtherIssuer);
        let problem = jwks_uri(b"{}", AS, PlainHttp::Nowhere).unwrap_err();
        assert_eq!(problem, FetchProblem::Metadata);
    }

    #[test]
    fn a_jwks_uri_that_may_not_be_fetched_is_refused() {
        let bad = [
            "http://as.example.com/jwks",
            "http://127.0.0.1/jwks",
            "file:///etc/passwd",
            "",
            "/jwks",
        ];
        for uri in bad {
            let json = format!(r#"{{"issuer":"{AS}","jwks_uri":"{uri}"}}"#);
            let problem = jwks_uri(json.as_bytes(), AS, PlainHttp::Nowhere).unwrap_err();
            assert_eq!(problem, FetchProblem::JwksUri, "{uri}");
        }
    }
}
