//! Where an issuer says that its keys are (RFC 8414, OpenID Connect Discovery).

use std::fmt;

use serde::de::MapAccess;

use crate::jose::json::{Members, NotStrictJson, Text, read_object, take};

/// What we need of an issuer's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerMetadata {
    /// The address of the key set. As it is written there: whether it may be fetched is for the host to say.
    pub jwks_uri: String,
}

/// Why a document is not the metadata of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataError {
    /// No JSON object with the strings `issuer` and `jwks_uri`, or one that has a member twice.
    Malformed,
    /// Somebody else's (RFC 8414 §3.3).
    OtherIssuer,
}

impl IssuerMetadata {
    /// Reads the metadata of `issuer`.
    ///
    /// # Errors
    ///
    /// It is no metadata document, or not that of this issuer.
    pub fn read(json: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let mut document = Document::default();
        // A member twice is an error: readers disagree about which one counts.
        read_object(json, &mut document).map_err(|NotStrictJson| MetadataError::Malformed)?;
        let (Some(Text(named)), Some(Text(jwks_uri))) = (document.issuer, document.jwks_uri) else {
            return Err(MetadataError::Malformed);
        };
        // RFC 8414 §3.3, OpenID Connect Discovery §4.3: identical, or else the document must not be used.
        if named != issuer {
            return Err(MetadataError::OtherIssuer);
        }
        Ok(Self {
            jwks_uri: jwks_uri.into_owned(),
        })
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a JSON object with the strings `issuer` and `jwks_uri`",
            Self::OtherIssuer => "`issuer` is not the configured one",
        })
    }
}

impl std::error::Error for MetadataError {}

/// The addresses of an issuer's metadata, in the order in which they are tried: RFC 8414 §3.1, and OpenID Connect
/// Discovery §4.1. `None` if the issuer is no URL.
#[must_use]
pub fn metadata_addresses(issuer: &str) -> Option<[String; 2]> {
    let (scheme, rest) = issuer.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    // Both: a `/` at the end is left out.
    let path = path.strip_suffix('/').unwrap_or(path);
    Some([
        format!("{scheme}://{authority}/.well-known/oauth-authorization-server{path}"),
        format!("{scheme}://{authority}{path}/.well-known/openid-configuration"),
    ])
}

#[derive(Default)]
struct Document<'de> {
    issuer: Option<Text<'de>>,
    jwks_uri: Option<Text<'de>>,
}

impl<'de> Members<'de> for Document<'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<Option<()>, A::Error> {
        match name {
            "issuer" => take(&mut self.issuer, map),
            "jwks_uri" => take(&mut self.jwks_uri, map),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS: &str = "https://as.example.com";

    fn read(json: &str) -> Result<String, MetadataError> {
        IssuerMetadata::read(json.as_bytes(), AS).map(|metadata| metadata.jwks_uri)
    }

    #[test]
    fn metadata_addresses_have_the_issuers_path_in_their_place() {
        let expected = Some([
            "https://as.example.com/.well-known/oauth-authorization-server".to_owned(),
            "https://as.example.com/.well-known/openid-configuration".to_owned(),
        ]);
        assert_eq!(metadata_addresses(AS), expected);
        assert_eq!(metadata_addresses("https://as.example.com/"), expected);

        let expected = Some([
            "https://as.example.com:8443/.well-known/oauth-authorization-server/t/1".to_owned(),
            "https://as.example.com:8443/t/1/.well-known/openid-configuration".to_owned(),
        ]);
        for issuer in [
            "https://as.example.com:8443/t/1",
            "https://as.example.com:8443/t/1/",
        ] {
            assert_eq!(metadata_addresses(issuer), expected);
        }
    }

    #[test]
    fn metadata_of_the_issuer_tell_the_address() {
        let json = r#"{"issuer":"https://as.example.com","jwks_uri":"https://keys.example.net/jwks","x":[{}]}"#;
        assert_eq!(read(json).unwrap(), "https://keys.example.net/jwks");
    }

    #[test]
    fn metadata_of_somebody_else_do_not() {
        let others = [
            "https://as.example.com/",
            "https://AS.example.com",
            "https://as.example.com:443",
            "http://as.example.com",
            "https://evil.example.com",
            "",
        ];
        for issuer in others {
            let json =
                format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://as.example.com/jwks"}}"#);
            assert_eq!(read(&json), Err(MetadataError::OtherIssuer), "{issuer}");
        }
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        // N26: a member twice among them.
        let bad = [
            r#"{"issuer":"https://as.example.com","jwks_uri":"https://a.example/","jwks_uri":"https://b.example/"}"#,
            r#"{"issuer":"https://evil.example","issuer":"https://as.example.com","jwks_uri":"https://a.example/"}"#,
            r#"{"issuer":"https://as.example.com","jwks_uri":"https://a.example/","x":1,"\u0078":2}"#,
            r#"{"issuer":"https://as.example.com"}"#,
            r#"{"issuer":"https://as.example.com","jwks_uri":null}"#,
            r#"{"issuer":["https://as.example.com"],"jwks_uri":"https://a.example/"}"#,
            r#"["https://as.example.com","https://a.example/"]"#,
            r#"{"issuer":"https://as.example.com","jwks_uri":"https://a.example/"} x"#,
            "{}",
            "null",
            "",
        ];
        for json in bad {
            assert_eq!(read(json), Err(MetadataError::Malformed), "{json}");
        }
    }
}
