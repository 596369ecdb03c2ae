//! What a server answered.

use std::fmt;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};

/// A whole response.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.expect("a body").to_vec(),
        }
    }

    /// The one value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        assert!(values.next().is_none(), "{name} twice in {self:?}");
        Some(first.to_str().expect("ASCII"))
    }

    /// The body, which has to be a JSON object and be said to be one.
    pub fn json(&self) -> Map<String, Value> {
        let media_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        assert_eq!(essence, "application/json", "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON object: {self:?}"))
    }

    /// That it is an error with one of these codes, in the form of RFC 6749 §5.2. Gives the code.
    pub fn error(&self, statuses: &[u16], errors: &[&str]) -> String {
        assert!(statuses.contains(&self.status), "{self:?}");
        let body = self.json();
        let error = body.get("error").and_then(Value::as_str);
        let error = error.unwrap_or_else(|| panic!("no error: {self:?}"));
        assert!(errors.contains(&error), "not among {errors:?}: {self:?}");
        assert_printable(error);
        if let Some(description) = body.get("error_description") {
            assert_printable(description.as_str().expect("a text"));
        }
        error.to_owned()
    }

    /// That it is an answer of success with this status, and what it says.
    pub fn success(&self, status: u16) -> Map<String, Value> {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert!(!body.contains_key("error"), "{self:?}");
        body
    }

    /// Whether it asks to do it again with a nonce, and with which.
    pub(super) fn wanted_nonce(&self) -> Option<String> {
        let is_asked = match self.status {
            400 => self.json().get("error").and_then(Value::as_str) == Some("use_dpop_nonce"),
            401 => self
                .headers
                .get_all("www-authenticate")
                .iter()
                .any(|value| {
                    let value = value.to_str().expect("ASCII");
                    value.starts_with("DPoP ") && value.contains(r#"error="use_dpop_nonce""#)
                }),
            _ => false,
        };
        is_asked.then(|| self.header("dpop-nonce").expect("a nonce").to_owned())
    }
}

/// RFC 6749 §5.2: what `error` and `error_description` may be made of.
pub(super) fn assert_printable(text: &str) {
    let is_allowed = |octet: u8| matches!(octet, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(text.bytes().all(is_allowed), "{text:?}");
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {:?} {body}", self.status, self.headers)
    }
}
