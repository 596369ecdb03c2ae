//! Keys that the server makes itself and keeps in its storage.
//!
//! What a key does follows from the list of keys and the time alone, so that all instances that share a storage agree: of
//! the keys of an algorithm the newest whose time has come signs; those whose time has not come are announced; older ones
//! stay published until the last thing that they can have signed has expired. To rotate is to store one more key.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{KeyRing, KeyState, KeyStatus, PublishedKey, RotationError, SigningKeys};
use crate::storage::{Digest, FOREVER, Kind, Owner, Storage, Stored};

/// How long a key is announced before it signs, in seconds: longer than readers may keep the key set.
const ANNOUNCED_SECONDS: i64 = 120;
/// How much longer than needed a key stays published, in seconds: clocks differ.
const GRACE_SECONDS: i64 = 60;
/// How often the storage is asked for keys that others have made, in seconds.
const RELOAD_SECONDS: i64 = 15;
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

/// A key as it is kept, its private half included.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    /// What it is named by.
    name: String,
    jwk: Value,
    /// Seconds since 1970.
    signs_from: i64,
}

impl Stored for StoredKey {
    const KIND: Kind = Kind::Key;
}

/// A key that was read.
struct KeptKey {
    name: String,
    key: Arc<SigningKey>,
    signs_from: UnixTime,
}

impl KeptKey {
    fn status(&self, state: KeyState) -> KeyStatus {
        KeyStatus {
            kid: self.key.kid().to_owned(),
            algorithm: self.key.algorithm().name(),
            state,
        }
    }
}

/// When keys are exchanged.
#[derive(Debug)]
pub(crate) struct KeptKeys {
    /// One of each is there from the first start on; the first is what things are signed with that need no other.
    algorithms: Vec<Algorithm>,
    /// How old a key gets, in seconds.
    rotation: Option<i64>,
    /// How long something that was signed is of use, in seconds.
    longest_signed: i64,
    loaded: AtomicI64,
}

impl KeptKeys {
    pub(crate) fn new(
        algorithms: Vec<Algorithm>,
        rotation: Option<i64>,
        longest_signed: i64,
    ) -> Self {
        Self {
            algorithms,
            rotation,
            longest_signed,
            loaded: AtomicI64::new(i64::MIN),
        }
    }

    /// The keys of the storage. The first time, they are made.
    pub(crate) async fn open(
        &self,
        storage: &Storage,
        now: UnixTime,
    ) -> Result<SigningKeys, RotationError> {
        let ring = self.load(storage, now).await?;
        Ok(SigningKeys::of(ring))
    }

    /// Reads the keys again if that was some time ago, and makes a new one where the one that signs has got too old.
    pub(crate) async fn maintain(
        &self,
        storage: &Storage,
        keys: &SigningKeys,
        now: UnixTime,
    ) -> Result<(), RotationError> {
        let loaded = UnixTime::from_secs(self.loaded.load(Ordering::Relaxed));
        if now < loaded.plus(RELOAD_SECONDS) && now >= loaded {
            return Ok(());
        }
        if let Some(rotation) = self.rotation {
            self.rotate_old(storage, rotation, now).await?;
        }
        self.reload(storage, keys, now).await
    }

    /// Announces a new key of this algorithm, else of the first one, which will sign in two minutes. Returns its `kid`.
    pub(crate) async fn rotate(
        &self,
        storage: &Storage,
        keys: &SigningKeys,
        algorithm: Option<Algorithm>,
        now: UnixTime,
    ) -> Result<String, RotationError> {
        let algorithm = algorithm.unwrap_or_else(|| self.default_algorithm());
        if !self.algorithms.contains(&algorithm) {
            return Err(RotationError::Algorithm);
        }
        let key = Arc::new(SigningKey::generate(algorithm)?);
        let kid = key.kid().to_owned();
        let signs_from = now.plus(ANNOUNCED_SECONDS);
        let mut kept = list(storage, now).await?;
        kept.push(KeptKey {
            name: kid.clone(),
            key: Arc::clone(&key),
            signs_from,
        });
        // One key too many in the storage, and no instance could start again.
        self.ring(&kept, now)?;
        insert(storage, &kid, &key, signs_from, now).await?;
        self.reload(storage, keys, now).await?;
        Ok(kid)
    }

    /// Takes a key out at once. If it is one that signs, a new one signs from now on.
    pub(crate) async fn withdraw(
        &self,
        storage: &Storage,
        keys: &SigningKeys,
        kid: &str,
        now: UnixTime,
    ) -> Result<(), RotationError> {
        let kept = list(storage, now).await?;
        let withdrawn = kept.iter().find(|kept| kept.key.kid() == kid);
        let withdrawn = withdrawn.ok_or(RotationError::UnknownKid)?;
        let algorithm = withdrawn.key.algorithm();
        let signs = of(&kept, algorithm, now).signs;
        if signs.is_some_and(|signs| signs.name == withdrawn.name) {
            let key = SigningKey::generate(algorithm)?;
            insert(storage, key.kid(), &key, now, now).await?;
        }
        storage
            .remove(Kind::Key, &Digest::of(&withdrawn.name))
            .await?;
        self.reload(storage, keys, now).await
    }

    fn default_algorithm(&self) -> Algorithm {
        self.algorithms.first().copied().unwrap_or(Algorithm::Es256)
    }

    async fn reload(
        &self,
        storage: &Storage,
        keys: &SigningKeys,
        now: UnixTime,
    ) -> Result<(), RotationError> {
        let ring = self.load(storage, now).await?;
        keys.exchange(|_| Ok(ring))
    }

    async fn load(&self, storage: &Storage, now: UnixTime) -> Result<KeyRing, RotationError> {
        let mut kept = list(storage, now).await?;
        let missing = self.algorithms.iter().filter(|algorithm| {
            let mut algorithms = kept.iter().map(|kept| kept.key.algorithm());
            !algorithms.any(|kept| kept == **algorithm)
        });
        let missing: Vec<_> = missing.copied().collect();
        for &algorithm in &missing {
            // Of several instances that start at once, one is the first.
            let key = SigningKey::generate(algorithm)?;
            insert(storage, &format!("first {algorithm}"), &key, now, now).await?;
        }
        if !missing.is_empty() {
            kept = list(storage, now).await?;
        }
        let ring = self.ring(&kept, now)?;
        self.drop_spent(storage, &kept, now).await?;
        self.loaded.store(now.as_secs(), Ordering::Relaxed);
        Ok(ring)
    }

    /// The keys of the storage and what they do, those of one algorithm after those of another.
    pub(crate) async fn status(
        &self,
        storage: &Storage,
        now: UnixTime,
    ) -> Result<Vec<KeyStatus>, RotationError> {
        let kept = list(storage, now).await?;
        let mut status = Vec::with_capacity(kept.len());
        for algorithm in ALGORITHMS {
            let keys = of(&kept, algorithm, now);
            status.extend(keys.retired.iter().map(|(key, successor)| {
                let until = self.published_until(*successor);
                key.status(KeyState::Retired { until })
            }));
            status.extend(keys.signs.map(|key| {
                let since = key.signs_from;
                key.status(KeyState::Signs { since })
            }));
            status.extend(keys.announced.iter().map(|key| {
                let signs_from = key.signs_from;
                key.status(KeyState::Announced { signs_from })
            }));
        }
        Ok(status)
    }

    /// How long a key is published whose successor signs since then.
    const fn published_until(&self, successor: UnixTime) -> UnixTime {
        successor.plus(self.longest_signed).plus(GRACE_SECONDS)
    }

    /// Removes the keys that do nothing any more.
    async fn drop_spent(
        &self,
        storage: &Storage,
        kept: &[KeptKey],
        now: UnixTime,
    ) -> Result<(), RotationError> {
        for algorithm in ALGORITHMS {
            for (key, successor) in of(kept, algorithm, now).retired {
                if self.published_until(successor) <= now {
                    storage.remove(Kind::Key, &Digest::of(&key.name)).await?;
                }
            }
        }
        Ok(())
    }

    /// What each key does now.
    fn ring(&self, kept: &[KeptKey], now: UnixTime) -> Result<KeyRing, RotationError> {
        let mut current = None;
        let mut others = Vec::new();
        for algorithm in ALGORITHMS {
            let keys = of(kept, algorithm, now);
            for (key, successor) in keys.retired {
                let until = self.published_until(successor);
                if now < until {
                    others.push(PublishedKey::retired(&key.key, until));
                }
            }
            others.extend(
                keys.announced
                    .iter()
                    .map(|key| PublishedKey::announced(&key.key)),
            );
            match keys.signs {
                Some(key) if algorithm == self.default_algorithm() => {
                    current = Some(Arc::clone(&key.key));
                }
                Some(key) => others.push(PublishedKey::Standby(Arc::clone(&key.key))),
                None => {}
            }
        }
        let current = current.ok_or(RotationError::UnknownKid)?;
        KeyRing::new(current, others)
    }

    /// Announces a successor of each key that signs and is too old. Its name follows from the old one's, so that of several
    /// instances one is the first.
    async fn rotate_old(
        &self,
        storage: &Storage,
        rotation: i64,
        now: UnixTime,
    ) -> Result<(), RotationError> {
        let kept = list(storage, now).await?;
        for &algorithm in &self.algorithms {
            let keys = of(&kept, algorithm, now);
            let Some(signs) = keys.signs else { continue };
            if keys.announced.is_empty() && signs.signs_from.plus(rotation) <= now {
                let key = SigningKey::generate(algorithm)?;
                let name = format!("after {}", signs.key.kid());
                insert(storage, &name, &key, now.plus(ANNOUNCED_SECONDS), now).await?;
            }
        }
        Ok(())
    }
}

/// The keys of one algorithm by what they do.
struct ByState<'a> {
    signs: Option<&'a KeptKey>,
    announced: Vec<&'a KeptKey>,
    /// With the time since when another one signs.
    retired: Vec<(&'a KeptKey, UnixTime)>,
}

fn of(kept: &[KeptKey], algorithm: Algorithm, now: UnixTime) -> ByState<'_> {
    let mut keys: Vec<_> = kept
        .iter()
        .filter(|kept| kept.key.algorithm() == algorithm)
        .collect();
    // The name decides between two of the same second, the same way for everybody.
    keys.sort_by(|a, b| (a.signs_from, &a.name).cmp(&(b.signs_from, &b.name)));
    let come = keys.partition_point(|key| key.signs_from <= now);
    // A clock that was set back must not leave us without a key.
    let come = come.max(usize::from(!keys.is_empty()));
    let announced = keys.split_off(come);
    let retired = keys
        .iter()
        .zip(keys.iter().skip(1))
        .map(|(key, successor)| (*key, successor.signs_from))
        .collect();
    ByState {
        signs: keys.last().copied(),
        announced,
        retired,
    }
}

async fn list(storage: &Storage, now: UnixTime) -> Result<Vec<KeptKey>, RotationError> {
    let stored = storage.list::<StoredKey>(now).await?;
    let read = stored.into_iter().map(|stored| {
        let key = SigningKey::from_jwk_json(&stored.jwk.to_string())?;
        Ok(KeptKey {
            name: stored.name,
            key: Arc::new(key),
            signs_from: UnixTime::from_secs(stored.signs_from),
        })
    });
    read.collect()
}

async fn insert(
    storage: &Storage,
    name: &str,
    key: &SigningKey,
    signs_from: UnixTime,
    now: UnixTime,
) -> Result<(), RotationError> {
    let stored = StoredKey {
        name: name.to_owned(),
        jwk: key.to_private_jwk()?,
        signs_from: signs_from.as_secs(),
    };
    let id = Digest::of(name);
    Ok(storage
        .insert(id, &stored, Owner::Issuer, FOREVER, now)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Capacity, StorageConfig};

    const START: UnixTime = UnixTime::from_secs(1_700_000_000);
    const DAY: i64 = 86_400;

    async fn storage() -> Storage {
        let capacity = Capacity {
            entries: 100,
            uses: 100,
        };
        Storage::open(&StorageConfig::Memory, capacity, START)
            .await
            .unwrap()
    }

    fn kept() -> KeptKeys {
        KeptKeys::new(
            vec![Algorithm::Es256, Algorithm::EdDsa],
            Some(90 * DAY),
            300,
        )
    }

    fn kids(keys: &SigningKeys, now: UnixTime) -> Vec<String> {
        let jwks = keys.ring().jwks(now);
        let keys = jwks["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    fn signs(keys: &SigningKeys) -> String {
        keys.ring().current().kid().to_owned()
    }

    #[tokio::test]
    async fn keys_are_made_once_and_kept() {
        let storage = storage().await;
        let keys = kept().open(&storage, START).await.unwrap();
        assert_eq!(kids(&keys, START).len(), 2);
        assert_eq!(keys.ring().current().algorithm(), Algorithm::Es256);
        assert!(keys.ring().signs(Algorithm::EdDsa) && !keys.ring().signs(Algorithm::Ps256));
        let again = kept().open(&storage, START.plus(10)).await.unwrap();
        assert_eq!(kids(&again, START), kids(&keys, START));
    }

    #[tokio::test]
    async fn a_key_is_announced_signs_and_retires() {
        let storage = storage().await;
        let kept = kept();
        let keys = kept.open(&storage, START).await.unwrap();
        let first = signs(&keys);
        let second = kept.rotate(&storage, &keys, None, START).await.unwrap();
        assert!(kids(&keys, START).contains(&second));
        assert_eq!(signs(&keys), first);
        let now = START.plus(ANNOUNCED_SECONDS);
        kept.maintain(&storage, &keys, now.plus(-1)).await.unwrap();
        assert_eq!(signs(&keys), first);
        kept.maintain(&storage, &keys, now.plus(RELOAD_SECONDS))
            .await
            .unwrap();
        assert_eq!(signs(&keys), second);
        // The last token of the first one lives for 300 seconds.
        let last = now.plus(300 + GRACE_SECONDS);
        assert!(kids(&keys, last.plus(-1)).contains(&first));
        kept.maintain(&storage, &keys, last).await.unwrap();
        assert!(!kids(&keys, last).contains(&first));
        assert_eq!(list(&storage, last).await.unwrap().len(), 2);
    }

    /// Each has its own ring over one storage.
    #[tokio::test]
    async fn of_two_instances_one_rotates() {
        let storage = storage().await;
        let (one, other) = (kept(), kept());
        let ours = one.open(&storage, START).await.unwrap();
        let theirs = other.open(&storage, START).await.unwrap();
        let mut now = START;
        for _ in 0..4 {
            now = now.plus(90 * DAY + ANNOUNCED_SECONDS);
            one.maintain(&storage, &ours, now).await.unwrap();
            other.maintain(&storage, &theirs, now).await.unwrap();
            one.maintain(&storage, &ours, now.plus(RELOAD_SECONDS))
                .await
                .unwrap();
            assert_eq!(kids(&ours, now), kids(&theirs, now));
            assert_eq!(kids(&ours, now).len(), 4);
            now = now.plus(ANNOUNCED_SECONDS + RELOAD_SECONDS);
            one.maintain(&storage, &ours, now).await.unwrap();
            other.maintain(&storage, &theirs, now).await.unwrap();
            assert_eq!(signs(&ours), signs(&theirs));
        }
    }

    /// A verifier that keeps the key set for 60 seconds and never fetches out of turn. A `kid` is a thumbprint: who has it
    /// has the key.
    #[tokio::test]
    async fn a_thousand_rotations_surprise_no_verifier() {
        let storage = storage().await;
        let kept = kept();
        let keys = kept.open(&storage, START).await.unwrap();
        let (mut cached, mut fetched) = (kids(&keys, START), START);
        let mut tokens = std::collections::VecDeque::new();
        let mut signers = std::collections::HashSet::new();
        let mut now = START;
        for _ in 0..1000 {
            let next = kept.rotate(&storage, &keys, None, now).await.unwrap();
            // Steps that do not divide any of the times, until it signs.
            while signs(&keys) != next {
                now = now.plus(7);
                kept.maintain(&storage, &keys, now).await.unwrap();
                if fetched.plus(60) <= now {
                    (cached, fetched) = (kids(&keys, now), now);
                }
                signers.insert(signs(&keys));
                tokens.push_back((signs(&keys), now.plus(300)));
                while tokens.front().is_some_and(|(_, expires)| *expires <= now) {
                    tokens.pop_front();
                }
                for (kid, _) in &tokens {
                    assert!(cached.contains(kid), "{kid} is unknown at {now:?}");
                }
            }
        }
        assert_eq!(signers.len(), 1001);
        assert!(list(&storage, now).await.unwrap().len() < 8);
    }

    /// Keys in the storage that make a set which nobody reads would keep every instance from starting.
    #[tokio::test]
    async fn a_rotation_too_many_changes_nothing() {
        let storage = storage().await;
        let kept = kept();
        let keys = kept.open(&storage, START).await.unwrap();
        let refused = loop {
            if let Err(error) = kept.rotate(&storage, &keys, None, START).await {
                break error;
            }
        };
        assert!(matches!(refused, RotationError::KeySet(_)), "{refused}");
        assert_eq!(list(&storage, START).await.unwrap().len(), 100);
        kept.open(&storage, START).await.unwrap();
    }

    #[tokio::test]
    async fn keys_are_made_for_configured_algorithms_only() {
        let storage = storage().await;
        let kept = kept();
        let keys = kept.open(&storage, START).await.unwrap();
        let other = Some(Algorithm::Ps256);
        let refused = kept.rotate(&storage, &keys, other, START).await;
        assert!(matches!(refused, Err(RotationError::Algorithm)));
        assert!(!keys.ring().signs(Algorithm::Ps256));
    }

    #[tokio::test]
    async fn a_withdrawal_that_was_cut_off_can_be_repeated() {
        let storage = storage().await;
        let kept = kept();
        let keys = kept.open(&storage, START).await.unwrap();
        let stolen = signs(&keys);
        // The new key is there and the old one not yet gone, as after a crash between the two.
        let new = SigningKey::generate(Algorithm::Es256).unwrap();
        let now = START.plus(5);
        insert(&storage, new.kid(), &new, now, now).await.unwrap();
        let keys = kept.open(&storage, now).await.unwrap();
        assert_eq!(signs(&keys), new.kid());
        let now = now.plus(5);
        kept.withdraw(&storage, &keys, &stolen, now).await.unwrap();
        assert_eq!(signs(&keys), new.kid());
        assert!(!kids(&keys, now).contains(&stolen));
    }

    #[tokio::test]
    async fn the_status_tells_what_each_key_does_and_when() {
        let storage = storage().await;
        let kept = KeptKeys::new(vec![Algorithm::Es256], None, 300);
        let keys = kept.open(&storage, START).await.unwrap();
        let first = signs(&keys);
        let second = kept.rotate(&storage, &keys, None, START).await.unwrap();
        let status = |kid: &str, state| KeyStatus {
            kid: kid.to_owned(),
            algorithm: "ES256",
            state,
        };
        let from = START.plus(ANNOUNCED_SECONDS);
        assert_eq!(
            kept.status(&storage, START).await.unwrap(),
            [
                status(&first, KeyState::Signs { since: START }),
                status(&second, KeyState::Announced { signs_from: from }),
            ]
        );
        let until = from.plus(300 + GRACE_SECONDS);
        assert_eq!(
            kept.status(&storage, from).await.unwrap(),
            [
                status(&first, KeyState::Retired { until }),
                status(&second, KeyState::Signs { since: from }),
            ]
        );
    }

    #[tokio::test]
    async fn a_stolen_key_is_gone_at_once() {
        let storage = storage().await;
        let kept = kept();
        let keys = kept.open(&storage, START).await.unwrap();
        let stolen = signs(&keys);
        kept.withdraw(&storage, &keys, &stolen, START.plus(5))
            .await
            .unwrap();
        assert!(!kids(&keys, START.plus(5)).contains(&stolen));
        assert_ne!(signs(&keys), stolen);
        let unknown = kept.withdraw(&storage, &keys, &stolen, START.plus(6)).await;
        assert!(matches!(unknown, Err(RotationError::UnknownKid)));
    }
}
