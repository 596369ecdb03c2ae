//! Checks that clients and resource servers have in common.

use fapi_core::KeySet;
use fapi_core::config::{ConfigError, JwkSetDocument};

/// The identifier of what is registered at `at` in the document (RFC 6749 appendix A.1).
pub(crate) fn id(client_id: &str, at: &str) -> Result<Box<str>, ConfigError> {
    if client_id.is_empty() || !client_id.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return Err(ConfigError::invalid(
            format!("{at}.client_id"),
            "must not be empty, and printable ASCII",
        ));
    }
    Ok(client_id.into())
}

/// Its public keys.
pub(crate) fn keys(jwks: &JwkSetDocument, at: &str) -> Result<KeySet, ConfigError> {
    KeySet::from_json(jwks.as_json().as_bytes())
        .map_err(|error| ConfigError::invalid(format!("{at}.jwks"), error.to_string()))
}

/// That a text is one.
pub(crate) fn check_text(text: &str, path: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::invalid(path(), "must not be empty"));
    }
    Ok(())
}
