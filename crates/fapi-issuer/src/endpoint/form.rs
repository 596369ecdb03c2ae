//! The parameters of a POST request, read strictly.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::body::Body;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::error::RequestProblem;

/// The largest body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The parameters of a request, each once. Parameters without a value count as left out (RFC 6749 §3.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    values: HashMap<String, String>,
    resources: Vec<String>,
}

impl Form {
    /// Reads the body of a request.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, RequestProblem> {
        if !is_form(headers) {
            return Err(RequestProblem::ContentType);
        }
        match Limited::new(body, MAX_BODY).collect().await {
            Ok(collected) => Self::parse(&collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(RequestProblem::TooLarge),
            Err(_) => Err(RequestProblem::Malformed),
        }
    }

    /// Reads `application/x-www-form-urlencoded` text (RFC 6749 appendix B).
    fn parse(text: &[u8]) -> Result<Self, RequestProblem> {
        let mut values = HashMap::new();
        let mut resources = Vec::new();
        for pair in text
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut parts = pair.splitn(2, |&byte| byte == b'=');
            let mut next = || decode(parts.next().unwrap_or_default());
            let name = next().ok_or(RequestProblem::Malformed)?;
            let value = next().ok_or(RequestProblem::Malformed)?;
            // RFC 8707 §2: the one parameter that may be there more than once.
            if name == "resource" {
                resources.push(value);
                continue;
            }
            match values.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(_) => return Err(RequestProblem::Duplicate),
            };
        }
        values.retain(|_, value| !value.is_empty());
        resources.retain(|resource| !resource.is_empty());
        Ok(Self { values, resources })
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All parameters but `resource`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = self.values.iter();
        values.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of `resource` (RFC 8707 §2).
    pub(crate) fn resources(&self) -> &[String] {
        &self.resources
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return false;
    };
    // Parameters such as `charset` have no meaning for this type, and some clients send them.
    let essence = line.to_str().unwrap_or_default().split(';').next();
    essence.is_some_and(|essence| {
        essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// Decodes `+` and percent-encodings; `None` for a `%` without two digits and for what is not UTF-8.
fn decode(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_value(*bytes.next()?)? << 4 | hex_value(*bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        let form = Form::parse(b"scope=a+b%20c&&empty=&none&x=1%3D%26=2&r%65source=u").unwrap();
        assert_eq!(form.get("scope"), Some("a b c"));
        assert_eq!(form.get("x"), Some("1=&=2"));
        assert_eq!(form.get("empty"), None);
        assert_eq!(form.get("none"), None);
        assert_eq!(form.resources(), ["u"]);
        assert_eq!(Form::parse(b"").unwrap().get(""), None);
    }

    #[test]
    fn no_parameter_stands_twice_but_resource() {
        for twice in [&b"a=1&a=1"[..], b"a=1&%61=2", b"a=&a=1", b"x=0&a&a"] {
            assert_eq!(Form::parse(twice), Err(RequestProblem::Duplicate));
        }
        let form = Form::parse(b"resource=a&resource=b").unwrap();
        assert_eq!(form.resources(), ["a", "b"]);
    }

    #[test]
    fn half_encodings_and_other_charsets_are_refused() {
        for wrong in [
            &b"a=%"[..],
            b"a=%4",
            b"a=%4g",
            b"%+1=1",
            b"a=\xe9",
            b"a=%E9",
        ] {
            assert_eq!(Form::parse(wrong), Err(RequestProblem::Malformed));
        }
    }

    #[test]
    fn the_content_type_is_looked_at_once() {
        let with = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CONTENT_TYPE, line.parse().unwrap());
            }
            is_form(&headers)
        };
        let form = "application/x-www-form-urlencoded";
        assert!(with(&[form]));
        assert!(with(&["Application/X-WWW-Form-URLencoded ; charset=UTF-8"]));
        assert!(!with(&[]));
        assert!(!with(&[form, form]));
        assert!(!with(&["application/json"]));
        assert!(!with(&["application/x-www-form-urlencoded-not"]));
    }
}
