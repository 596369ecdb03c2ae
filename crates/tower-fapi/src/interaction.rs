//! `x-fapi-interaction-id`: one name for a request in everybody's logs.

use fapi_core::is_interaction_id;
use http::header::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");

/// The id of one request: the client's, if it sent a UUID, otherwise a new one (RFC 9562, version 4).
///
/// The layer puts it among the request's extensions and on the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionId(HeaderValue);

impl InteractionId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut sent = headers.get_all(INTERACTION_ID).iter();
        match (sent.next(), sent.next()) {
            // Sent back as it came: the client looks for its own spelling.
            (Some(id), None) if is_interaction_id(id.as_bytes()) => Self(id.clone()),
            _ => Self::new(),
        }
    }

    fn new() -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = uuid::Uuid::new_v4().hyphenated().encode_lower(&mut text);
        // A UUID is printable ASCII.
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("")))
    }

    /// The 36 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn put_on(&self, headers: &mut HeaderMap) {
        headers.insert(INTERACTION_ID, self.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> InteractionId {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(INTERACTION_ID, HeaderValue::from_static(value));
        }
        InteractionId::of(&headers)
    }

    #[test]
    fn a_clients_uuid_is_kept_as_it_is_spelt() {
        const MIXED: &str = "3F2504e0-4f89-11D3-9a0c-0305E82C3301";
        assert_eq!(of(&[MIXED]).as_str(), MIXED);
    }

    #[test]
    fn anything_else_is_replaced() {
        const UUID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        for values in [
            &[][..],
            &[""],
            &["x"],
            &["3f2504e0-4f89-11d3-9a0c-0305e82c330g"],
            &["3f2504e04f8911d39a0c0305e82c33013f25"],
            &[UUID, UUID],
        ] {
            let id = of(values);
            assert!(
                is_interaction_id(id.as_str().as_bytes()),
                "{values:?}: {id:?}"
            );
            assert!(!values.contains(&id.as_str()));
            assert_ne!(id, of(values), "new each time");
        }
    }
}
