//! Values that must not be shown: where they come from, and how they stay out of logs.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A secret: `{"env": "NAME"}`, `{"file": "PATH"}`, or the value itself as a string.
///
/// The core reads neither the environment nor files: the host does. `file` has no meaning in WebAssembly. The value
/// itself in the document works, and hosts warn about it. `Debug` never shows it; `Serialize` writes it, so that a
/// document survives a round trip.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value stands in the document.
    Inline(String),
    /// The name of the environment variable that holds the value.
    Env(String),
    /// The path of the file that holds the value. White space at the end of the file does not belong to it.
    File(String),
}

/// A private key: a JWK (RFC 7517) as a JSON object, or the same places as a [`Secret`] holding the JWK's text.
#[derive(Clone, PartialEq, Eq)]
pub enum PrivateKey {
    /// The JWK's text, a JSON object with `kty`, as it stands in the document. `Debug` does not show it.
    Jwk(String),
    /// Where the JWK's text is found.
    Secret(Secret),
}

impl PrivateKey {
    /// Whether the text is a JSON object with `kty` (RFC 7517 §4.1).
    pub(super) fn looks_like_jwk(text: &str) -> bool {
        #[derive(serde::Deserialize)]
        struct Head {
            #[expect(dead_code, reason = "only its presence counts")]
            kty: serde::de::IgnoredAny,
        }
        text.trim_start().starts_with('{') && serde_json::from_str::<Head>(text).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Inline(…)"),
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jwk(_) => f.write_str("Jwk(…)"),
            Self::Secret(secret) => f.debug_tuple("Secret").field(secret).finish(),
        }
    }
}

impl From<Secret> for PrivateKey {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (place, value) = match self {
            Self::Inline(value) => return serializer.serialize_str(value),
            Self::Env(name) => ("env", name),
            Self::File(path) => ("file", path),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(place, value)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

impl Serialize for PrivateKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Jwk(text) => RawValue::from_string(text.clone())
                .map_err(|_| serde::ser::Error::custom("the private key is not JSON"))?
                .serialize(serializer),
            Self::Secret(secret) => secret.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PrivateKey {
    /// Only from JSON text: a JWK is kept as it was written, so that whoever parses it finds duplicate members.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if Self::looks_like_jwk(text) {
            return Ok(Self::Jwk(text.to_owned()));
        }
        // The inner error is replaced: it would count lines from the start of the key, and might quote parts of it.
        serde_json::from_str(text)
            .map(Self::Secret)
            .map_err(|_| D::Error::custom(KEY_SHAPES))
    }
}

const SHAPES: &str = r#"expected {"env": "NAME"}, {"file": "PATH"} or a string"#;
const KEY_SHAPES: &str =
    r#"expected a JWK with "kty", {"env": "NAME"}, {"file": "PATH"} or a string with a JWK's text"#;

struct SecretVisitor;

/// serde's own messages quote the value that has the wrong type. A password written as a number would end up in a log:
/// so every type is visited and refused without being quoted.
impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"{"env": "NAME"}, {"file": "PATH"} or a string"#)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Secret, E> {
        Ok(Secret::Inline(value.to_owned()))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::custom(SHAPES))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom(SHAPES))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
        Err(E::custom(SHAPES))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom(SHAPES))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let place = map.next_key::<String>()?;
        let secret = match place.as_deref() {
            Some("env") => Secret::Env(map.next_value()?),
            Some("file") => Secret::File(map.next_value()?),
            _ => return Err(A::Error::custom(SHAPES)),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(A::Error::custom(
                r#"a secret has one place: either "env" or "file", once"#,
            )),
        }
    }
}
