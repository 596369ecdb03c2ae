//! The syntax of single values and lists.

use crate::config::{AlgorithmName, ConfigError};

/// A list with at least one element, and no empty string in it.
pub(super) fn non_empty_list(path: &str, values: &[String]) -> Result<(), ConfigError> {
    if values.is_empty() {
        return Err(ConfigError::invalid(path, "must not be empty"));
    }
    for (i, value) in values.iter().enumerate() {
        non_empty(&format!("{path}[{i}]"), value)?;
    }
    Ok(())
}

pub(super) fn non_empty(path: &str, value: &str) -> Result<(), ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::invalid(path, "must not be empty"));
    }
    Ok(())
}

/// A list with at least one algorithm, none twice.
pub(super) fn algorithms(path: &str, algs: &[AlgorithmName]) -> Result<(), ConfigError> {
    if algs.is_empty() {
        return Err(ConfigError::invalid(path, "must not be empty"));
    }
    let mut earlier: &[AlgorithmName] = &[];
    for (i, alg) in algs.iter().enumerate() {
        if earlier.contains(alg) {
            let problem = format!("{alg} stands here twice");
            return Err(ConfigError::invalid(format!("{path}[{i}]"), problem));
        }
        earlier = algs.get(..=i).unwrap_or_default();
    }
    Ok(())
}

/// A token of RFC 9110 §5.6.2: method and header names.
pub(super) fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}

/// Values of a list that challenges have separated by spaces.
pub(super) fn list_values(path: &str, list: &[String]) -> Result<(), ConfigError> {
    match list
        .iter()
        .enumerate()
        .find(|(_, value)| !is_list_value(value))
    {
        Some((i, value)) => {
            let problem = format!(r#"{value:?} must be ASCII without spaces, " and \"#);
            Err(ConfigError::invalid(format!("{path}[{i}]"), problem))
        }
        None => Ok(()),
    }
}

/// The same, with at least one value.
pub(crate) fn some_list_values(path: &str, list: &[String]) -> Result<(), ConfigError> {
    non_empty_list(path, list)?;
    list_values(path, list)
}

/// The characters of a scope value (RFC 6749 §3.3). ACR values keep to them as well: both are written into a quoted
/// string of the challenge, in a list separated by spaces (RFC 9470 §3).
fn is_list_value(text: &str) -> bool {
    let nqchar = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
    !text.is_empty() && text.bytes().all(nqchar)
}

/// The characters of `b64token` (RFC 6750 §2.1), of which a credential is made.
pub(super) fn is_credential(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

/// A path: begins with `/`, ASCII, without query and fragment.
pub(super) fn path(at: &str, text: &str) -> Result<(), ConfigError> {
    if !text.starts_with('/') {
        return Err(ConfigError::invalid(at, "must begin with /"));
    }
    let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#');
    if !text.bytes().all(allowed) {
        let problem =
            "must be ASCII (other characters percent-encoded), without spaces, query and fragment";
        return Err(ConfigError::invalid(at, problem));
    }
    Ok(())
}
