//! Tokens whose signature and claims were verified a moment ago.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::VerifiedToken;
use crate::UnixTime;
use crate::jose::Thumbprint;

/// A bounded memory of verified JWTs, by the SHA-256 of the whole token.
///
/// It remembers only that a token was good under one key, for one set of audiences. The caller checks `exp` and `nbf`
/// on each hit, and that the key still is the issuer's. It belongs to one policy and goes with it.
pub(crate) struct TokenCache {
    shards: [Mutex<Shard>; Self::SHARDS],
    lifetime: i64,
}

/// A verified token, and what it was verified with.
#[derive(Clone, Debug)]
pub(crate) struct CachedToken {
    pub(crate) token: Arc<VerifiedToken>,
    pub(crate) key: Thumbprint,
    /// Which of the policy's audiences it was checked for.
    pub(crate) audience: usize,
    verified: UnixTime,
}

/// Two generations: what is used moves to the young one, and the old one is dropped whole. Forgetting a token costs one
/// verification and nothing else, so it may be coarse.
struct Shard {
    young: ByDigest,
    old: ByDigest,
}

type ByDigest = HashMap<[u8; 32], CachedToken, BuildHasherDefault<DigestHasher>>;

/// A SHA-256 value is its own hash: whoever could aim at a bucket would need tokens that the issuer signed.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, octets: &[u8]) {
        if let Some(last) = octets.last_chunk() {
            self.0 ^= u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl TokenCache {
    const SHARDS: usize = 8;
    /// Tokens in one generation of one shard: at most 16,384 tokens in all.
    const GENERATION: usize = 1024;

    /// Remembers each token for `lifetime` seconds; 0 remembers nothing.
    pub(crate) fn new(lifetime: i64) -> Self {
        Self {
            shards: std::array::from_fn(|_| {
                Mutex::new(Shard {
                    young: ByDigest::default(),
                    old: ByDigest::default(),
                })
            }),
            lifetime,
        }
    }

    pub(crate) fn get(&self, digest: &[u8; 32], now: UnixTime) -> Option<CachedToken> {
        let mut shard = self.shard(digest)?;
        let cached = shard.get(digest)?;
        let age = now.since(cached.verified);
        // A clock that went back says nothing about the age.
        if (0..self.lifetime).contains(&age) {
            Some(cached)
        } else {
            shard.young.remove(digest);
            None
        }
    }

    pub(crate) fn put(
        &self,
        digest: [u8; 32],
        token: Arc<VerifiedToken>,
        key: Thumbprint,
        audience: usize,
        now: UnixTime,
    ) {
        if self.lifetime <= 0 {
            return;
        }
        let cached = CachedToken {
            token,
            key,
            audience,
            verified: now,
        };
        if let Some(mut shard) = self.shard(&digest) {
            shard.put(digest, cached);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }

    fn shard(&self, digest: &[u8; 32]) -> Option<std::sync::MutexGuard<'_, Shard>> {
        let [first, ..] = digest;
        let shard = self.shards.get(usize::from(*first) % Self::SHARDS)?;
        // A panic elsewhere leaves the maps whole: each change is one call.
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl Shard {
    fn get(&mut self, digest: &[u8; 32]) -> Option<CachedToken> {
        if let Some(cached) = self.young.get(digest) {
            return Some(cached.clone());
        }
        let cached = self.old.remove(digest)?;
        self.put(*digest, cached.clone());
        Some(cached)
    }

    fn put(&mut self, digest: [u8; 32], cached: CachedToken) {
        if self.young.len() >= TokenCache::GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, cached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Confirmation, Scope};

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
    const KEY: Thumbprint = Thumbprint::from_bytes([1; 32]);

    fn token() -> Arc<VerifiedToken> {
        Arc::new(VerifiedToken {
            issuer: "https://as.example.com".into(),
            subject: None,
            client_id: None,
            scope: Scope::default(),
            confirmation: Confirmation::Key(KEY),
            expires: NOW.plus(300),
            not_before: None,
            claims: "{}".into(),
        })
    }

    fn digest(n: u32) -> [u8; 32] {
        use sha2::Digest as _;
        sha2::Sha256::digest(n.to_be_bytes()).into()
    }

    #[test]
    fn a_token_is_remembered_for_its_lifetime_and_no_longer() {
        let cache = TokenCache::new(30);
        cache.put(digest(1), token(), KEY, 0, NOW);
        assert!(cache.get(&digest(1), NOW).is_some());
        assert!(cache.get(&digest(1), NOW.plus(29)).is_some());
        assert!(cache.get(&digest(2), NOW).is_none());
        // A hit does not prolong it, and neither does a clock that goes back.
        assert!(cache.get(&digest(1), NOW.plus(30)).is_none());
        cache.put(digest(1), token(), KEY, 0, NOW);
        assert!(cache.get(&digest(1), NOW.plus(-1)).is_none());
    }

    #[test]
    fn no_lifetime_means_no_memory() {
        let cache = TokenCache::new(0);
        cache.put(digest(1), token(), KEY, 0, NOW);
        assert!(cache.get(&digest(1), NOW).is_none());
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let cache = TokenCache::new(30);
        let one = token();
        for n in 0..50_000 {
            cache.put(digest(n), Arc::clone(&one), KEY, 0, NOW);
            assert!(cache.get(&digest(0), NOW).is_some(), "after {n} tokens");
        }
        let most = TokenCache::SHARDS * TokenCache::GENERATION * 2;
        assert!((most / 2..=most).contains(&cache.len()), "{}", cache.len());
    }
}
