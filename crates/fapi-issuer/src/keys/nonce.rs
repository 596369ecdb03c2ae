//! The key under which nonces are made (RFC 9449 §8), where the configuration has none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use serde::{Deserialize, Serialize};

use super::RotationError;
use crate::storage::{Digest, FOREVER, Kind, Owner, Storage, StorageError, Stored};

/// A key as it is kept, in base64url.
#[derive(Serialize, Deserialize)]
struct StoredNonceKey(String);

impl Stored for StoredNonceKey {
    const KIND: Kind = Kind::NonceKey;
}

/// The one key of the storage: instances that share it honour each other's nonces. The first time, it is made.
pub(crate) async fn kept_nonce_key(
    storage: &Storage,
    now: UnixTime,
) -> Result<Vec<u8>, RotationError> {
    let id = Digest::of("nonce key");
    let mut kept = storage.get::<StoredNonceKey>(&id, now).await?;
    if kept.is_none() {
        let random: [u8; 32] = fapi_crypto::random_bytes()?;
        let key = StoredNonceKey(URL_SAFE_NO_PAD.encode(random));
        storage
            .insert(id, &key, Owner::Issuer, FOREVER, now)
            .await?;
        // Of several instances that start at once, one is the first.
        kept = storage.get(&id, now).await?;
    }
    let StoredNonceKey(key) = kept.ok_or(StorageError::Unavailable)?;
    let key = URL_SAFE_NO_PAD.decode(key);
    Ok(key.map_err(|_| StorageError::Unavailable)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Capacity, StorageConfig};

    #[tokio::test]
    async fn a_key_is_made_once_for_each_storage() {
        let now = UnixTime::from_secs(1_700_000_000);
        let capacity = Capacity {
            entries: 10,
            uses: 10,
        };
        let mut keys = Vec::new();
        for _ in 0..2 {
            let storage = Storage::open(&StorageConfig::Memory, capacity, now)
                .await
                .unwrap();
            let key = kept_nonce_key(&storage, now).await.unwrap();
            assert_eq!(key.len(), 32);
            let later = now.plus(10 * 365 * 86_400);
            assert_eq!(kept_nonce_key(&storage, later).await.unwrap(), key);
            keys.push(key);
        }
        assert_ne!(keys[0], keys[1]);
    }
}
