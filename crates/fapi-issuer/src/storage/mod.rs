//! What the issuer keeps between requests. Each verb is atomic, and what a verb has answered is kept.
//!
//! There is one port with a handful of verbs for all kinds of things, and one set of types over it: what a backend has to
//! get right (single use, expiry, durability) it gets right once. Everything is named by the SHA-256 of its secret.

mod bounded;
mod config;
#[cfg(test)]
mod contract;
mod entry;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod health;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt;

use fapi_core::config::ConfigError;
use fapi_core::dpop::Epoch;
use fapi_core::{ReplayOutcome, UnixTime};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use config::{PostgresConfig, SqliteConfig, StorageConfig, Synchronous};
pub(crate) use entry::{Digest, Entry, Kind, Owner, Taken, Use};
pub(crate) use memory::{Capacity, Memory};
#[cfg(feature = "postgres")]
pub(crate) use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Sqlite;

/// When things expire that are kept until they are removed: the last second of the year 9999.
pub(crate) const FOREVER: UnixTime = UnixTime::from_secs(253_402_300_799);

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
            Self::Full => "no room for another entry until some expire",
            Self::ClientShare => "the client has used up its share of the room",
            Self::Unavailable => "the storage does not answer",
        })
    }
}

impl std::error::Error for StorageError {}

/// Where things are kept.
pub(crate) enum Backend {
    Memory(Memory),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
}

/// Asks whichever backend it is, in one way.
macro_rules! ask {
    ($storage:expr, $verb:ident($($argument:expr),*)) => {
        match &$storage.backend {
            Backend::Memory(memory) => memory.$verb($($argument),*),
            #[cfg(feature = "postgres")]
            Backend::Postgres(postgres) => postgres.$verb($($argument),*).await,
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(sqlite) => sqlite.$verb($($argument),*).await,
        }
    };
}

/// A thing that is kept.
pub(crate) trait Stored: Serialize + DeserializeOwned {
    const KIND: Kind;
}

/// The storage of an issuer.
pub(crate) struct Storage {
    backend: Backend,
}

impl Storage {
    pub(crate) const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// The storage that the configuration names. One that is new remembers since `now`; `capacity` bounds the one in memory.
    pub(crate) async fn open(
        config: &StorageConfig,
        capacity: Capacity,
        now: UnixTime,
    ) -> Result<Self, ConfigError> {
        let backend = match config {
            StorageConfig::Memory => Memory::new(capacity, now)
                .map(Backend::Memory)
                .map_err(|error| ConfigError::invalid("storage", error.to_string()))?,
            #[cfg(feature = "sqlite")]
            StorageConfig::Sqlite(config) => Sqlite::open(&config.path, config.synchronous, now)
                .map(Backend::Sqlite)
                .map_err(|error| {
                    let problem = format!("cannot use {}: {error}", config.path.display());
                    ConfigError::invalid("storage.sqlite.path", problem)
                })?,
            #[cfg(not(feature = "sqlite"))]
            StorageConfig::Sqlite(_) => return Err(ConfigError::not_supported("storage.sqlite")),
            #[cfg(feature = "postgres")]
            StorageConfig::Postgres(config) => {
                Backend::Postgres(Postgres::open(config, now).await?)
            }
            #[cfg(not(feature = "postgres"))]
            StorageConfig::Postgres(_) => {
                return Err(ConfigError::not_supported("storage.postgres"));
            }
        };
        Ok(Self::new(backend))
    }

    /// Since when this storage remembers, and which one it is.
    pub(crate) fn epoch(&self) -> Epoch {
        match &self.backend {
            Backend::Memory(memory) => memory.epoch(),
            #[cfg(feature = "postgres")]
            Backend::Postgres(postgres) => postgres.epoch(),
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(sqlite) => sqlite.epoch(),
        }
    }

    /// Keeps a new thing until `expires`. If there is one of this name, it stays as it is.
    pub(crate) async fn insert<T: Stored>(
        &self,
        id: Digest,
        value: &T,
        owner: Owner<'_>,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        let entry = entry(id, value, owner, expires)?;
        ask!(self, insert(entry, now))
    }

    /// Keeps a thing until `expires`, in place of the one that has its name.
    pub(crate) async fn replace<T: Stored>(
        &self,
        id: Digest,
        value: &T,
        owner: Owner<'_>,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StorageError> {
        let entry = entry(id, value, owner, expires)?;
        ask!(self, replace(entry, now))
    }

    /// A thing that has neither expired nor been removed or taken.
    pub(crate) async fn get<T: Stored>(
        &self,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Option<T>, StorageError> {
        let body = ask!(self, get(T::KIND, id, now))?;
        body.map(|body| read(&body)).transpose()
    }

    /// Takes a thing that serves once: of all who ever ask, one is the first. Until it expires the others are told that
    /// it was there.
    pub(crate) async fn take<T: Stored>(
        &self,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Taken<T>, StorageError> {
        let taken = ask!(self, take(T::KIND, id, now))?;
        Ok(match taken {
            Taken::First(body) => Taken::First(read(&body)?),
            Taken::Again(body) => Taken::Again(read(&body)?),
            Taken::Unknown => Taken::Unknown,
        })
    }

    /// Makes a thing unknown.
    pub(crate) async fn remove(&self, kind: Kind, id: &Digest) -> Result<(), StorageError> {
        ask!(self, remove(kind, id))
    }

    /// All things of a kind of which there are few.
    pub(crate) async fn list<T: Stored>(&self, now: UnixTime) -> Result<Vec<T>, StorageError> {
        let bodies = ask!(self, list(T::KIND, now))?;
        bodies.iter().map(|body| read(body)).collect()
    }

    /// Whether there is a thing of this name. Of one that had expired at `expires`, before the clock was set back,
    /// `true` is said as well: what it was is forgotten.
    pub(crate) async fn has_or_forgot(
        &self,
        kind: Kind,
        id: &Digest,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StorageError> {
        ask!(self, has_or_forgot(kind, id, expires, now))
    }

    /// Uses proofs and assertions up, one after the other, and stops after the first that is not fresh. Of several
    /// callers at once exactly one finds a use fresh.
    ///
    /// A wrong "fresh" lets a recorded request be sent again. A wrong "seen" refuses an honest client, which makes a new
    /// one.
    pub(crate) async fn use_once(
        &self,
        uses: &[Use],
        now: UnixTime,
    ) -> Result<Vec<ReplayOutcome>, StorageError> {
        ask!(self, use_once(uses, now))
    }

    /// Drops what has expired by `now`, little by little: requests go on meanwhile.
    pub(crate) async fn sweep(&self, now: UnixTime) -> Result<(), StorageError> {
        ask!(self, sweep(now))
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), StorageError> {
        ask!(self, ping())
    }
}

fn entry<'a, T: Stored>(
    id: Digest,
    value: &T,
    owner: Owner<'a>,
    expires: UnixTime,
) -> Result<Entry<'a>, StorageError> {
    let body = serde_json::to_string(value).map_err(|error| unreadable(T::KIND, &error))?;
    Ok(Entry {
        kind: T::KIND,
        id,
        body: body.into_boxed_str(),
        owner,
        expires,
    })
}

fn read<T: Stored>(body: &str) -> Result<T, StorageError> {
    serde_json::from_str(body).map_err(|error| unreadable(T::KIND, &error))
}

/// Somebody else has written into the storage, or a newer version of this program.
fn unreadable(kind: Kind, error: &serde_json::Error) -> StorageError {
    // The category alone: the text may quote what is kept.
    let category = error.classify();
    tracing::error!(
        kind = kind.name(),
        ?category,
        "an entry of the storage cannot be read"
    );
    StorageError::Unavailable
}
