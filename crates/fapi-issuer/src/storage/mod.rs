//! What the issuer keeps between requests, one trait per kind of thing. Each verb is atomic.

mod bounded;
mod memory;

use std::fmt;

use fapi_core::UnixTime;
use sha2::{Digest as _, Sha256};

pub(crate) use memory::{MemoryReferenceTokens, MemoryRevokedTokens};

/// Why something could not be kept or looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no room until entries expire.
    Full,
    /// The client has used up its share of the room.
    ClientShare,
    /// The storage does not answer.
    Unavailable,
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no room for another token until some expire",
            Self::ClientShare => "the client has used up its share of the room for tokens",
            Self::Unavailable => "the storage does not answer",
        })
    }
}

impl std::error::Error for StorageError {}

/// The SHA-256 of a secret: what is kept in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

/// In whose name something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// The issuer's operator, who has no share but the whole.
    Issuer,
    Client(&'a str),
}

/// Opaque access tokens (RFC 6749 §1.4) by their digest: what each was issued for.
///
/// A wrong "there is none" refuses an honest client, which gets a new token. A wrong "there is one" lets a revoked or
/// expired token be used. Whoever reads the storage learns no token from it.
pub(crate) trait ReferenceTokens: Send + Sync {
    /// Keeps the claims of a new token, as JSON, until `expires`.
    fn insert(
        &self,
        token: Digest,
        claims: Box<str>,
        client_id: &str,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError>;

    /// The claims of a token that has not expired and was not removed.
    fn get(&self, token: &Digest, now: UnixTime) -> Result<Option<Box<str>>, StorageError>;

    /// Makes a token unknown.
    fn remove(&self, token: &Digest) -> Result<(), StorageError>;
}

/// JWT access tokens that were revoked before they expired.
///
/// A wrong "not revoked" lets a token be used that its client or the operator has called back, perhaps because it was
/// stolen. A wrong "revoked" refuses an honest client, which gets a new token.
pub(crate) trait RevokedTokens: Send + Sync {
    /// Remembers the `jti` of a token until `expires`, its `exp`.
    fn insert(
        &self,
        jti: &str,
        owner: Owner<'_>,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError>;

    /// Whether the token with this `jti` and `exp` was revoked. Of one that has expired, `true` may be said as well.
    fn contains(&self, jti: &str, expires: UnixTime, now: UnixTime) -> Result<bool, StorageError>;

    /// Since when revocations are remembered.
    fn since(&self) -> UnixTime;
}
