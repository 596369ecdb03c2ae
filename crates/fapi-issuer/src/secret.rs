//! Secrets of the configuration, fetched from where it says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::config::{ConfigError, NonceMode, PrivateKey, Secret};
use fapi_core::dpop::NonceKeys;
use fapi_crypto::SigningKey;

use crate::config::Config;
use crate::keys::kept_nonce_key;
use crate::storage::{Storage, StorageConfig};

/// The key that a `signing_keys` entry means.
pub(crate) fn signing_key(key: &PrivateKey, path: &str) -> Result<SigningKey, ConfigError> {
    let text = match key {
        PrivateKey::Jwk(text) => text.clone(),
        PrivateKey::Secret(secret) => read(secret, path)?,
    };
    SigningKey::from_jwk_json(text.trim_end())
        .map_err(|error| ConfigError::invalid(path, error.to_string()))
}

/// The keys under which nonces are made; the one of the storage if the configuration has none.
pub(crate) async fn nonce_keys(
    config: &Config,
    storage: &Storage,
    now: UnixTime,
) -> Result<NonceKeys, ConfigError> {
    let invalid = |error: String| ConfigError::invalid("dpop.nonce.keys", error);
    let nonce = &config.dpop.nonce;
    let mut keys = Vec::new();
    for (place, key) in nonce.keys.iter().enumerate() {
        keys.push(nonce_key(key, &format!("dpop.nonce.keys[{place}]"))?);
    }
    if keys.is_empty() {
        if nonce.mode == NonceMode::Required && config.storage == StorageConfig::Memory {
            tracing::warn!(
                "dpop.nonce.keys is empty: nonces are made under a random key, which a restart forgets"
            );
        }
        let kept = kept_nonce_key(storage, now).await;
        keys.push(kept.map_err(|error| invalid(error.to_string()))?);
    }
    let mut keys = keys.iter().map(Vec::as_slice);
    let mint = keys.next().unwrap_or_default();
    NonceKeys::new(mint, keys).map_err(|error| invalid(error.to_string()))
}

fn nonce_key(secret: &Secret, path: &str) -> Result<Vec<u8>, ConfigError> {
    let text = read(secret, path)?;
    URL_SAFE_NO_PAD.decode(text.trim_end()).map_err(|_| {
        ConfigError::invalid(
            path,
            "must be base64url without padding, of at least 32 bytes",
        )
    })
}

/// The text of a secret; `path` is where the configuration has it.
pub(crate) fn read(secret: &Secret, path: &str) -> Result<String, ConfigError> {
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
        Secret::File(file) => std::fs::read_to_string(file)
            .map_err(|error| ConfigError::invalid(path, format!("cannot read {file}: {error}"))),
    }
}
