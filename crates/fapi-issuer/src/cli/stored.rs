//! The storage that a command works on.

use fapi_issuer::{Config, Issuer, StorageConfig};

use crate::failure::Failure;

/// The issuer with the storage of the document, which must outlive this command.
pub(crate) async fn stored(config: Config) -> Result<Issuer, Failure> {
    if config.storage == StorageConfig::Memory {
        return Err(Failure::NothingKept);
    }
    Ok(Issuer::from_config(config).await?)
}
