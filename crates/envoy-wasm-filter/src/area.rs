//! Our names in the data that all workers share.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::ConfigError;
use sha2::{Digest as _, Sha256};

use crate::host::Host;

/// What each of our names begins with.
///
/// Envoy keeps shared data apart by `vm_id` alone: under the empty default any other plugin could read our nonce key and
/// write our memory. Where the plugin cannot have a `vm_id` of its own, names that nobody can guess do the same: no
/// function of the ABI lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Area(Rc<str>);

const FIELD: &str = "envoy.shared_data_key";
const MIN_KEY_BYTES: usize = 32;

impl Area {
    /// The names for this plugin, given the text of `envoy.shared_data_key`.
    ///
    /// # Errors
    ///
    /// There is neither a `vm_id` nor a key, or the key is none.
    pub(crate) fn new(host: &impl Host, key: Option<&str>) -> Result<Self, ConfigError> {
        let owned = host
            .property(&["plugin_vm_id"])
            .is_some_and(|id| !id.is_empty());
        match key {
            Some(key) => Self::hidden(key),
            None if owned => Ok(Self("fapi.1.".into())),
            None => Err(ConfigError::invalid(
                "vm_config.vm_id",
                "the plugin needs a vm_id of its own (in Envoy's configuration), or `envoy.shared_data_key` in this document",
            )),
        }
    }

    fn hidden(key: &str) -> Result<Self, ConfigError> {
        let key = URL_SAFE_NO_PAD
            .decode(key.trim_end())
            .ok()
            .filter(|key| key.len() >= MIN_KEY_BYTES)
            .ok_or_else(|| {
                let problem = "must be base64url of at least 32 bytes, without padding";
                ConfigError::invalid(FIELD, problem)
            })?;
        let digest = Sha256::new()
            .chain_update(b"fapi shared data 1\0")
            .chain_update(key)
            .finalize();
        Ok(Self(
            format!("fapi.1.{}.", URL_SAFE_NO_PAD.encode(digest)).into(),
        ))
    }

    pub(crate) const FIELD: &'static str = FIELD;

    /// The whole name.
    pub(crate) fn name(&self, rest: &str) -> String {
        [&*self.0, rest].concat()
    }
}
