//! Claims for the upstream, in headers, and for RBAC and access logs, as filter state.
//!
//! Strings, numbers and booleans are their text, arrays and objects JSON. A byte that is not printable ASCII, and `%`, is
//! written as `%` and two hexadecimal digits. A claim that the token does not have is not there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use fapi_core::Access;
use fapi_core::config::EnvoyConfig;
use serde_json::value::RawValue;

use crate::headers::Headers;
use crate::host::{Failure, Host, Map};

/// Which claims go where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// Claim, and header in lower case.
    headers: Vec<(Box<str>, Box<str>)>,
    /// Claim, and property.
    properties: Vec<(Box<str>, Box<str>)>,
}

impl Claims {
    pub(crate) fn new(config: &EnvoyConfig) -> Self {
        let headers = config.claim_headers.iter();
        let properties = config.claim_properties.iter();
        Self {
            headers: headers
                .map(|entry| {
                    let header = entry.header.to_ascii_lowercase();
                    (entry.claim.as_str().into(), header.into())
                })
                .collect(),
            properties: properties
                .map(|claim| (claim.as_str().into(), format!("fapi_{claim}").into()))
                .collect(),
        }
    }

    /// Removes what the client sent under the names of our headers, also where only `_` and `-` differ: many servers
    /// take these for the same.
    pub(crate) fn remove_foreign(
        &self,
        headers: &Headers,
        host: &impl Host,
    ) -> Result<(), Failure> {
        if self.headers.is_empty() {
            return Ok(());
        }
        for (name, _) in headers.iter() {
            if self.headers.iter().any(|(_, ours)| is_like(name, ours)) {
                host.remove_header(Map::Request, name)?;
            }
        }
        Ok(())
    }

    /// Hands the claims of an accepted request on.
    pub(crate) fn set(&self, access: &Access, host: &impl Host) -> Result<(), Failure> {
        if self.headers.is_empty() && self.properties.is_empty() {
            return Ok(());
        }
        // The core has read them before: they are a JSON object.
        let claims: BTreeMap<Cow<'_, str>, &RawValue> = access.claims().unwrap_or_default();
        let value = |claim: &str| claims.get(claim).and_then(|value| written(value.get()));
        for (claim, header) in &self.headers {
            if let Some(value) = value(claim) {
                host.set_header(Map::Request, header, &value)?;
            }
        }
        for (claim, property) in &self.properties {
            if let Some(value) = value(claim) {
                host.set_property(property, &value)?;
            }
        }
        Ok(())
    }
}

fn is_like(name: &[u8], ours: &str) -> bool {
    let plain = |byte: u8| match byte {
        b'_' => b'-',
        byte => byte.to_ascii_lowercase(),
    };
    name.len() == ours.len()
        && name
            .iter()
            .zip(ours.bytes())
            .all(|(theirs, ours)| plain(*theirs) == plain(ours))
}

/// A claim's value as a header can have it.
fn written(json: &str) -> Option<String> {
    let text = match json.as_bytes().first()? {
        b'"' => Cow::Owned(serde_json::from_str::<String>(json).ok()?),
        b'n' => return None,
        _ => Cow::Borrowed(json),
    };
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | ..=0x1f | 0x7f.. => {
                value.push('%');
                value.extend([byte >> 4, byte & 0x0f].iter().filter_map(|digit| {
                    let digit = char::from_digit(u32::from(*digit), 16)?;
                    Some(digit.to_ascii_uppercase())
                }));
            }
            plain => value.push(char::from(plain)),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printable_and_can_be_read_back() {
        for (json, expected) in [
            (r#""alice""#, Some("alice")),
            (r#""al\u0069ce b""#, Some("alice b")),
            (r#""a\r\nx-evil: 1""#, Some("a%0D%0Ax-evil: 1")),
            (r#""ü%""#, Some("%C3%BC%25")),
            ("12.50", Some("12.50")),
            ("true", Some("true")),
            (r#"["a","b"]"#, Some(r#"["a","b"]"#)),
            ("null", None),
        ] {
            assert_eq!(written(json).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn names_are_alike_without_regard_to_case_and_underscores() {
        assert!(is_like(b"X_Fapi-Sub", "x-fapi-sub"));
        assert!(is_like(b"x-fapi-sub", "x_fapi_sub"));
        assert!(!is_like(b"x-fapi-su", "x-fapi-sub"));
        assert!(!is_like(b"xxfapi-sub", "x-fapi-sub"));
    }
}
