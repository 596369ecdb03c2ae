//! From JSON text to a document's type, with the path of whatever is wrong.

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::{Config, ConfigError, ConfigErrorKind};

pub(super) fn from_slice(json: &[u8]) -> Result<Config, ConfigError> {
    from_str(std::str::from_utf8(json).map_err(|e| not_utf8(json, e.valid_up_to()))?)
}

pub(super) fn from_str(json: &str) -> Result<Config, ConfigError> {
    let config: Config = read_document(json)?;
    config.validate()?;
    Ok(config)
}

/// Reads a configuration document of any type, with the path of whatever is wrong in its errors.
///
/// For programs of this family that have a document of their own, such as the authorization server. `T` derives both
/// serde traits with `deny_unknown_fields`; ranges and contradictions are its own business. Where `T` has an object,
/// an array is refused.
///
/// ```
/// use fapi_core::config::{ConfigErrorKind, read_document};
///
/// #[derive(Debug, serde::Serialize, serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Document {
///     issuer: String,
/// }
///
/// let error = read_document::<Document>(r#"{ "isuer": "https://as.example.com" }"#).unwrap_err();
/// assert_eq!(error.path(), "isuer");
/// assert_eq!(error.kind(), ConfigErrorKind::UnknownMember);
/// ```
///
/// # Errors
/// The first mistake found.
pub fn read_document<T: DeserializeOwned + Serialize>(json: &str) -> Result<T, ConfigError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let config: T = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|e| explain(json, field_path(e.path()), last_member(e.path()), e.inner()))?;
    let whole = |e| explain(json, String::new(), None, &e);
    deserializer.end().map_err(whole)?;

    let document: Value = serde_json::from_str(json).map_err(whole)?;
    let understood = serde_json::to_value(&config).map_err(whole)?;
    refuse_arrays_for_objects(&document, &understood, "")?;
    Ok(config)
}

/// serde's derived structs are readable from arrays too, member after member: `"mtls": []` would switch mutual TLS on.
/// So where the configuration has an object, the document must have one.
fn refuse_arrays_for_objects(
    document: &Value,
    understood: &Value,
    path: &str,
) -> Result<(), ConfigError> {
    match (document, understood) {
        (Value::Array(_), Value::Object(_)) => Err(ConfigError::invalid(
            path,
            "must be an object, not an array",
        )),
        (Value::Array(document), Value::Array(understood)) => document
            .iter()
            .zip(understood)
            .enumerate()
            .try_for_each(|(i, (d, u))| refuse_arrays_for_objects(d, u, &format!("{path}[{i}]"))),
        (Value::Object(document), Value::Object(understood)) => {
            document.iter().try_for_each(|(member, d)| {
                understood.get(member).map_or(Ok(()), |u| {
                    refuse_arrays_for_objects(d, u, &join(path, member))
                })
            })
        }
        _ => Ok(()),
    }
}

/// serde has typed hooks for missing, unknown and duplicate members, but serde_json keeps only their text. The wording
/// is serde's own (`serde::de::Error`), and the tests hold every one of the prefixes.
fn explain(
    json: &str,
    path: String,
    member: Option<&str>,
    error: &serde_json::Error,
) -> ConfigError {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);

    if matches!(error.classify(), Category::Syntax | Category::Eof) {
        // serde_json calls a number in the place of an enum a syntax error too.
        if serde_json::from_str::<IgnoredAny>(json).is_ok() {
            return ConfigError::invalid(path, "has the wrong type or shape");
        }
        let kind = ConfigErrorKind::Syntax {
            line: error.line(),
            column: error.column(),
        };
        return ConfigError::new(path, kind, format!("not JSON: {text}"));
    }
    if let Some(name) = quoted_after(text, "missing field `") {
        let reason = "this member is required";
        return ConfigError::new(join(&path, name), ConfigErrorKind::Missing, reason);
    }
    if let Some(name) = quoted_after(text, "duplicate field `") {
        let reason = "this member stands here twice";
        return ConfigError::new(join(&path, name), ConfigErrorKind::Duplicate, reason);
    }
    let unknown = member.and_then(|name| text.strip_prefix(&format!("unknown field `{name}`, ")));
    if let Some(allowed) = unknown {
        let problem = format!("unknown member, {allowed}");
        return ConfigError::new(path, ConfigErrorKind::UnknownMember, problem);
    }
    ConfigError::invalid(path, without_value(text))
}

/// A password in the wrong place must not end up in a log: the message keeps what was expected and drops what was
/// found, which the path points to anyway.
fn without_value(text: &str) -> String {
    if text.starts_with("invalid value: ")
        && let Some((_, expected)) = text.rsplit_once(", expected ")
    {
        return format!("must be {}", plain(expected));
    }
    if let Some(rest) = text.strip_prefix("invalid type: ")
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        let found = found.split(['`', '"']).next().unwrap_or_default();
        return format!(
            "must be {}, not {}",
            plain(expected),
            plain(found.trim_end())
        );
    }
    if text.starts_with("unknown variant `")
        && let Some((_, expected)) = text.rsplit_once("`, expected ")
    {
        return format!("unknown value, expected {expected}");
    }
    text.to_owned()
}

/// serde's words for types, as JSON and plain English have them.
fn plain(name: &str) -> &str {
    match name {
        "u8" => "an integer from 0 to 255",
        "u32" => "an integer from 0 to 4294967295",
        "a sequence" | "sequence" => "an array",
        "map" => "an object",
        "string" => "a string",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "floating point" => "a fraction",
        other => other,
    }
}

fn quoted_after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.strip_prefix(prefix)?.strip_suffix('`')
}

fn not_utf8(json: &[u8], good: usize) -> ConfigError {
    let before = json.get(..good).unwrap_or_default();
    let mut lines = before.rsplit(|&b| b == b'\n');
    let column = lines.next().map_or(0, <[u8]>::len).saturating_add(1);
    let line = lines.count().saturating_add(1);
    let kind = ConfigErrorKind::Syntax { line, column };
    ConfigError::new("", kind, "not JSON: the text is not UTF-8")
}

fn join(parent: &str, member: &str) -> String {
    if parent.is_empty() {
        member.to_owned()
    } else {
        format!("{parent}.{member}")
    }
}

fn field_path(path: &Path) -> String {
    path.iter()
        .fold(String::new(), |parent, segment| match segment {
            Segment::Seq { index } => format!("{parent}[{index}]"),
            Segment::Map { key } => join(&parent, key),
            Segment::Enum { variant } => join(&parent, variant),
            Segment::Unknown => parent,
        })
}

fn last_member(path: &Path) -> Option<&str> {
    match path.iter().next_back()? {
        Segment::Map { key } => Some(key),
        _ => None,
    }
}
