//! What is kept, and under which name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::dpop::ReplayKey;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The kinds of things that are kept. Their names stand in databases: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A pushed authorization request (RFC 9126), by its `request_uri`.
    PushedRequest,
    /// A user at work in a browser: logging in, consenting.
    Interaction,
    /// A user who has logged in, by the cookie.
    Session,
    /// An authorization code (RFC 6749 §1.3.1).
    Code,
    /// What a user has granted, by a random identifier that all its tokens share. Without it they are dead.
    Grant,
    /// A refresh token (RFC 6749 §1.5).
    RefreshToken,
    /// An opaque access token.
    AccessToken,
    /// A JWT access token that was revoked, by its `jti`.
    RevokedToken,
    /// A client that was registered while the server ran.
    Client,
    /// A client that was removed, as long as tokens of its may be about.
    RemovedClient,
    /// A signing key.
    Key,
    /// The key under which nonces are made.
    NonceKey,
}

impl Kind {
    /// The name in databases.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PushedRequest => "pushed_request",
            Self::Interaction => "interaction",
            Self::Session => "session",
            Self::Code => "code",
            Self::Grant => "grant",
            Self::RefreshToken => "refresh_token",
            Self::AccessToken => "access_token",
            Self::RevokedToken => "revoked_token",
            Self::Client => "client",
            Self::RemovedClient => "removed_client",
            Self::Key => "key",
            Self::NonceKey => "nonce_key",
        }
    }
}

/// The SHA-256 of a name, which may be a secret: whoever reads the storage learns none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(name: &str) -> Self {
        Self(Sha256::digest(name).into())
    }

    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Serialize for Digest {
    /// In base64url.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| D::Error::custom("not 32 bytes in base64url"))
    }
}

/// In whose name something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// The issuer's operator, who has no share but the whole.
    Issuer,
    Client(&'a str),
}

/// One thing that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: Digest,
    /// JSON.
    pub(crate) body: Box<str>,
    pub(crate) owner: Owner<'a>,
    /// From then on it is as if it had never been there.
    pub(crate) expires: UnixTime,
}

/// What became of something that serves once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken<T = Box<str>> {
    /// The caller is the only one who ever gets this.
    First(T),
    /// Somebody has taken it before.
    Again(T),
    /// There is none, or none any more.
    Unknown,
}

/// A proof or an assertion that serves once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) key: ReplayKey,
    /// When it is refused for its age, and may be forgotten.
    pub(crate) expires: UnixTime,
}
