//! Tokens in this process. A restart forgets them.

use std::sync::{Mutex, MutexGuard};

use fapi_core::UnixTime;

use super::bounded::Bounded;
use super::{Digest, Owner, ReferenceTokens, RevokedTokens, StorageError};

/// Opaque access tokens.
pub(crate) struct MemoryReferenceTokens(Mutex<Bounded<Box<str>>>);

impl MemoryReferenceTokens {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Mutex::new(Bounded::new(capacity)))
    }
}

impl ReferenceTokens for MemoryReferenceTokens {
    fn insert(
        &self,
        token: Digest,
        claims: Box<str>,
        client_id: &str,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        let owner = Owner::Client(client_id);
        lock(&self.0)?.insert(token, claims, owner, expires, now)
    }

    fn get(&self, token: &Digest, now: UnixTime) -> Result<Option<Box<str>>, StorageError> {
        Ok(lock(&self.0)?.get(token, now).cloned())
    }

    fn remove(&self, token: &Digest) -> Result<(), StorageError> {
        lock(&self.0)?.remove(token);
        Ok(())
    }
}

/// Revoked JWT access tokens.
pub(crate) struct MemoryRevokedTokens {
    tokens: Mutex<Bounded<()>>,
    since: UnixTime,
}

impl MemoryRevokedTokens {
    pub(crate) fn new(capacity: usize, now: UnixTime) -> Self {
        Self {
            tokens: Mutex::new(Bounded::new(capacity)),
            since: now,
        }
    }
}

impl RevokedTokens for MemoryRevokedTokens {
    fn insert(
        &self,
        jti: &str,
        owner: Owner<'_>,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        lock(&self.tokens)?.insert(Digest::of(jti), (), owner, expires, now)
    }

    fn contains(&self, jti: &str, expires: UnixTime, now: UnixTime) -> Result<bool, StorageError> {
        let mut tokens = lock(&self.tokens)?;
        // A clock that was ahead and is set back revives no token whose revocation was dropped meanwhile.
        Ok(expires <= tokens.swept() || tokens.get(&Digest::of(jti), now).is_some())
    }

    fn since(&self) -> UnixTime {
        self.since
    }
}

/// After a panic in the middle of a change nobody knows what is in there.
fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>, StorageError> {
    mutex.lock().map_err(|_| StorageError::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn a_clock_that_was_ahead_revives_no_revoked_token() {
        let tokens = MemoryRevokedTokens::new(4, NOW);
        let expires = NOW.plus(300);
        tokens.insert("a", Owner::Issuer, expires, NOW).unwrap();
        assert_eq!(tokens.contains("a", expires, NOW), Ok(true));
        assert_eq!(tokens.contains("b", expires, NOW), Ok(false));
        // Here it is swept.
        tokens.contains("a", expires, NOW.plus(1000)).unwrap();
        assert_eq!(tokens.contains("a", expires, NOW), Ok(true));
        assert_eq!(tokens.contains("b", expires.plus(1), NOW), Ok(false));
    }
}
