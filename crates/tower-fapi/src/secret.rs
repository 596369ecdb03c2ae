//! Secrets of the configuration, fetched from where it says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{ConfigError, Secret};

/// The bytes of a nonce key.
pub(crate) fn nonce_key(secret: &Secret, path: &str) -> Result<Vec<u8>, ConfigError> {
    URL_SAFE_NO_PAD
        .decode(text(secret, path)?.trim_end())
        .ok()
        .filter(|key| key.len() >= 32)
        .ok_or_else(|| {
            ConfigError::invalid(
                path,
                "must be base64url of at least 32 bytes, without padding",
            )
        })
}

/// The text of a secret. White space at the end of a file does not belong to it.
pub(crate) fn text(secret: &Secret, path: &str) -> Result<String, ConfigError> {
    match secret {
        Secret::Inline(text) => {
            tracing::warn!(
                path,
                "a secret stands in the configuration: an environment variable or a file keeps it out"
            );
            Ok(text.clone())
        }
        Secret::Env(name) => std::env::var(name).map_err(|_| {
            ConfigError::invalid(path, format!("the environment has no variable {name}"))
        }),
        Secret::File(file) => match std::fs::read_to_string(file) {
            Ok(mut text) => {
                text.truncate(text.trim_end().len());
                Ok(text)
            }
            Err(error) => Err(ConfigError::invalid(
                path,
                format!("cannot read {file}: {error}"),
            )),
        },
    }
}
