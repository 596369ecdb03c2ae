//! The issuer's own keys, and how they are exchanged.

mod kept;
mod nonce;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use fapi_core::config::ConfigError;
use fapi_core::jose::{Algorithm, AlgorithmSet};
use fapi_core::{KeySet, KeySetError, UnixTime};
use fapi_crypto::{KeyError, SigningKey};
use serde_json::{Value, json};

pub(crate) use kept::KeptKeys;
pub(crate) use nonce::kept_nonce_key;

use crate::storage::StorageError;

/// Why keys were not exchanged. Nothing has changed then.
#[derive(Debug)]
#[non_exhaustive]
pub enum RotationError {
    /// A key of this `kid` is published already (FAPI 2.0 Security Profile §5.4.3).
    KidTaken,
    /// No key of this `kid` is published that could sign.
    UnknownKid,
    /// The key that signs cannot be withdrawn: another one must sign first.
    Signs,
    /// The key set would be one that nobody reads.
    KeySet(KeySetError),
    /// No key could be made.
    Key(KeyError),
    /// The storage, where the keys are kept, does not answer.
    Storage(StorageError),
    /// The keys are kept in the storage, which takes none from outside.
    Kept,
    /// The keys are not kept in the storage.
    NotKept,
    /// No keys are made for this algorithm: `signing_algs` does not name it.
    Algorithm,
}

impl fmt::Display for RotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KidTaken => f.write_str("a key of this kid is published already"),
            Self::UnknownKid => f.write_str("no key of this kid is published that could sign"),
            Self::Signs => f.write_str("the key signs: let another one sign first"),
            Self::KeySet(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
            Self::Storage(error) => error.fmt(f),
            Self::Kept => f.write_str("the keys are kept in the storage: rotate them there"),
            Self::NotKept => f.write_str("the keys are not kept in a database"),
            Self::Algorithm => f.write_str("signing_algs does not name this algorithm"),
        }
    }
}

impl std::error::Error for RotationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::KidTaken
            | Self::UnknownKid
            | Self::Signs
            | Self::Kept
            | Self::NotKept
            | Self::Algorithm => None,
            Self::Storage(error) => Some(error),
            Self::KeySet(error) => Some(error),
            Self::Key(error) => Some(error),
        }
    }
}

impl From<KeyError> for RotationError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<StorageError> for RotationError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// A key of the storage, without its private half.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyStatus {
    /// Its name in the key set.
    pub kid: String,
    /// Its `alg`.
    pub algorithm: &'static str,
    /// What it does now.
    pub state: KeyState,
}

/// What a key does. In each state it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It does not sign yet.
    Announced {
        /// When it will.
        signs_from: UnixTime,
    },
    /// It signs.
    Signs {
        /// Since when.
        since: UnixTime,
    },
    /// It does not sign any more, and what it has signed is still about.
    Retired {
        /// When nothing of that is left, and the key is removed.
        until: UnixTime,
    },
}

/// The keys in force. They are exchanged as a whole, and nobody who signs holds the lock.
#[derive(Debug)]
pub(crate) struct SigningKeys(RwLock<Arc<KeyRing>>);

/// The key that signs, and those that are published beside it.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    current: Arc<SigningKey>,
    others: Vec<PublishedKey>,
    /// All of them, to recognise what we have signed.
    published: KeySet,
}

/// A key that does not sign.
#[derive(Clone, Debug)]
enum PublishedKey {
    /// It may sign one day.
    Standby(Arc<SigningKey>),
    /// It will sign, and no reader of the key set shall be surprised then.
    Announced { kid: Box<str>, jwk: Value },
    /// It has signed. Its private half is gone, and the public one goes with the last token.
    Retired {
        kid: Box<str>,
        jwk: Value,
        until: UnixTime,
    },
}

impl SigningKeys {
    /// The first key signs. Each `kid` may be there once (FAPI 2.0 Security Profile §5.4.3).
    pub(crate) fn new(keys: Vec<SigningKey>) -> Result<Self, ConfigError> {
        let mut keys = keys.into_iter();
        let current = keys
            .next()
            .ok_or_else(|| ConfigError::missing("signing_keys", "nothing to sign with"))?;
        let invalid =
            |error: RotationError| ConfigError::invalid("signing_keys", error.to_string());
        let mut ring = KeyRing::new(Arc::new(current), Vec::new()).map_err(invalid)?;
        for (place, key) in keys.enumerate() {
            let place = place.saturating_add(1);
            ring = ring.publish(key).map_err(|error| match error {
                RotationError::KidTaken => ConfigError::invalid(
                    format!("signing_keys[{place}]"),
                    "has the `kid` of an earlier key",
                ),
                other => invalid(other),
            })?;
        }
        Ok(Self::of(ring))
    }

    fn of(ring: KeyRing) -> Self {
        Self(RwLock::new(Arc::new(ring)))
    }

    /// The keys as they are now.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        // A ring is replaced as a whole, so a panic leaves a whole one behind.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts the ring that `change` makes in place of the one at hand.
    pub(crate) fn exchange(
        &self,
        change: impl FnOnce(&KeyRing) -> Result<KeyRing, RotationError>,
    ) -> Result<(), RotationError> {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let next = change(&ring)?;
        *ring = Arc::new(next);
        Ok(())
    }
}

impl KeyRing {
    fn new(current: Arc<SigningKey>, others: Vec<PublishedKey>) -> Result<Self, RotationError> {
        let jwks = jwks(&current, others.iter()).to_string();
        let published = KeySet::from_json(jwks.as_bytes()).map_err(RotationError::KeySet)?;
        Ok(Self {
            current,
            others,
            published,
        })
    }

    /// The key that signs.
    pub(crate) fn current(&self) -> &SigningKey {
        &self.current
    }

    /// The key that signs with this algorithm: the current one, or one that is published beside it.
    pub(crate) fn signer(&self, algorithm: Option<Algorithm>) -> &SigningKey {
        let wanted = algorithm.filter(|wanted| *wanted != self.current.algorithm());
        let other = wanted.and_then(|wanted| {
            self.others.iter().find_map(|other| match other {
                PublishedKey::Standby(key) if key.algorithm() == wanted => Some(&**key),
                PublishedKey::Standby(_)
                | PublishedKey::Announced { .. }
                | PublishedKey::Retired { .. } => None,
            })
        });
        other.unwrap_or(&self.current)
    }

    /// Whether there is a key for this algorithm that may sign.
    pub(crate) fn signs(&self, algorithm: Algorithm) -> bool {
        self.signer(Some(algorithm)).algorithm() == algorithm
    }

    /// The algorithms that something may be signed with.
    pub(crate) fn algorithms(&self) -> AlgorithmSet {
        let all = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];
        all.into_iter()
            .filter(|algorithm| self.signs(*algorithm))
            .collect()
    }

    /// The keys that verify what we have signed.
    pub(crate) const fn published(&self) -> &KeySet {
        &self.published
    }

    /// The public keys (RFC 7517 §5) without those whose tokens have all expired.
    pub(crate) fn jwks(&self, now: UnixTime) -> Value {
        jwks(&self.current, self.living(now))
    }

    /// With one more key, which does not sign.
    pub(crate) fn publish(&self, key: SigningKey) -> Result<Self, RotationError> {
        if self.has(key.kid()) {
            return Err(RotationError::KidTaken);
        }
        let mut others = self.others.clone();
        others.push(PublishedKey::Standby(Arc::new(key)));
        Self::new(Arc::clone(&self.current), others)
    }

    /// With the published key `kid` as the one that signs. The one before it stays published until `until`.
    pub(crate) fn sign_with(
        &self,
        kid: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Self, RotationError> {
        if self.current.kid() == kid {
            return Ok(self.clone());
        }
        let mut others: Vec<_> = self.living(now).cloned().collect();
        let place = others
            .iter()
            .position(|other| matches!(other, PublishedKey::Standby(key) if key.kid() == kid))
            .ok_or(RotationError::UnknownKid)?;
        let retired = PublishedKey::retired(&self.current, until);
        match std::mem::replace(
            others.get_mut(place).ok_or(RotationError::UnknownKid)?,
            retired,
        ) {
            PublishedKey::Standby(key) => Self::new(key, others),
            PublishedKey::Announced { .. } | PublishedKey::Retired { .. } => {
                Err(RotationError::UnknownKid)
            }
        }
    }

    /// Without the key `kid`, from now on.
    pub(crate) fn withdraw(&self, kid: &str) -> Result<Self, RotationError> {
        if self.current.kid() == kid {
            return Err(RotationError::Signs);
        }
        if !self.has(kid) {
            return Err(RotationError::UnknownKid);
        }
        let others = self.others.iter().filter(|other| other.kid() != kid);
        Self::new(Arc::clone(&self.current), others.cloned().collect())
    }

    fn has(&self, kid: &str) -> bool {
        self.current.kid() == kid || self.others.iter().any(|other| other.kid() == kid)
    }

    fn living(&self, now: UnixTime) -> impl Iterator<Item = &PublishedKey> {
        self.others.iter().filter(move |other| match other {
            PublishedKey::Standby(_) | PublishedKey::Announced { .. } => true,
            PublishedKey::Retired { until, .. } => now < *until,
        })
    }
}

impl PublishedKey {
    fn announced(key: &SigningKey) -> Self {
        Self::Announced {
            kid: key.kid().into(),
            jwk: key.public_jwk(),
        }
    }

    fn retired(key: &SigningKey, until: UnixTime) -> Self {
        Self::Retired {
            kid: key.kid().into(),
            jwk: key.public_jwk(),
            until,
        }
    }

    fn kid(&self) -> &str {
        match self {
            Self::Standby(key) => key.kid(),
            Self::Announced { kid, .. } | Self::Retired { kid, .. } => kid,
        }
    }

    fn jwk(&self) -> Value {
        match self {
            Self::Standby(key) => key.public_jwk(),
            Self::Announced { jwk, .. } | Self::Retired { jwk, .. } => jwk.clone(),
        }
    }
}

fn jwks<'a>(current: &SigningKey, others: impl Iterator<Item = &'a PublishedKey>) -> Value {
    let keys: Vec<_> = std::iter::once(current.public_jwk())
        .chain(others.map(PublishedKey::jwk))
        .collect();
    json!({ "keys": keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
    const UNTIL: UnixTime = NOW.plus(300);

    fn key(kid: &str) -> SigningKey {
        SigningKey::generate(Algorithm::Es256)
            .unwrap()
            .with_kid(kid)
    }

    fn ring(keys: &[&str]) -> KeyRing {
        let keys = SigningKeys::new(keys.iter().map(|kid| key(kid)).collect());
        keys.unwrap().ring().as_ref().clone()
    }

    fn kids(ring: &KeyRing, now: UnixTime) -> Vec<String> {
        let jwks = ring.jwks(now);
        let kids = jwks["keys"].as_array().unwrap().iter();
        kids.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_tokens_expire() {
        let published = ring(&["a"]).publish(key("b")).unwrap();
        assert_eq!(kids(&published, NOW), ["a", "b"]);
        assert_eq!(published.current().kid(), "a");
        let turned = published.sign_with("b", UNTIL, NOW).unwrap();
        assert_eq!(turned.current().kid(), "b");
        assert_eq!(kids(&turned, UNTIL.plus(-1)), ["b", "a"]);
        assert_eq!(kids(&turned, UNTIL), ["b"]);
        // The next exchange forgets it for good.
        let next = turned.publish(key("c")).unwrap();
        let next = next.sign_with("c", UNTIL.plus(300), UNTIL).unwrap();
        assert!(!next.published().has_kid("a") && next.published().has_kid("b"));
    }

    #[test]
    fn a_withdrawn_key_is_gone_at_once() {
        let turned = ring(&["a", "b"]).sign_with("b", UNTIL, NOW).unwrap();
        let without = turned.withdraw("a").unwrap();
        assert_eq!(kids(&without, NOW), ["b"]);
        assert!(!without.published().has_kid("a"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let ring = ring(&["a", "b"]);
        for kid in ["a", "b"] {
            let taken = ring.publish(key(kid));
            assert!(matches!(taken, Err(RotationError::KidTaken)), "{kid}");
        }
        let unknown = ring.sign_with("c", UNTIL, NOW);
        assert!(matches!(unknown, Err(RotationError::UnknownKid)));
        assert!(matches!(ring.withdraw("c"), Err(RotationError::UnknownKid)));
        assert!(matches!(ring.withdraw("a"), Err(RotationError::Signs)));
        // A key that has retired has no private half left.
        let turned = ring.sign_with("b", UNTIL, NOW).unwrap();
        let back = turned.sign_with("a", UNTIL, NOW);
        assert!(matches!(back, Err(RotationError::UnknownKid)));
        // Who signs already goes on.
        let same = turned.sign_with("b", UNTIL, NOW).unwrap();
        assert_eq!(kids(&same, NOW), ["b", "a"]);
    }
}
