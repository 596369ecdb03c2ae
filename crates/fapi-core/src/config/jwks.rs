//! A key set inside the document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A JWK set (RFC 7517 §5) inside the document.
///
/// It is kept as the text that it was, unread: the strict parser of key sets must still see duplicate members, which
/// a parsed JSON value has lost. Equality is equality of that text.
#[derive(Clone, PartialEq, Eq)]
pub struct JwkSetDocument {
    text: String,
}

impl JwkSetDocument {
    /// Takes the JSON text of a JWK set. [`Config::validate`](super::Config::validate) refuses text that is no JSON
    /// object with the array `keys`; the keys themselves are read by the key set's own parser.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.text
    }

    pub(super) fn has_keys(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Shape {
            #[expect(dead_code, reason = "only its presence counts")]
            keys: Vec<IgnoredAny>,
        }
        // serde reads structs from arrays too: an array is no JWK set.
        self.text.trim_start().starts_with('{') && serde_json::from_str::<Shape>(&self.text).is_ok()
    }
}

impl fmt::Debug for JwkSetDocument {
    /// Without the text: somebody will put a private key there one day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwkSetDocument({} bytes)", self.text.len())
    }
}

impl Serialize for JwkSetDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text.clone())
            .map_err(|_| serde::ser::Error::custom("the JWK set is not JSON"))?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JwkSetDocument {
    /// Only from JSON text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::from_text(raw.get()))
    }
}
