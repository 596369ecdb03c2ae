//! Where the configuration says that things are kept.

use std::path::PathBuf;

use fapi_core::config::Secret;
use serde::{Deserialize, Serialize};

/// Where everything is kept that outlives a request: `"memory"`, `{"sqlite": {…}}` or `{"postgres": {…}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StorageConfig {
    /// In this process: a restart forgets it. `token_capacity` and `dpop.replay.capacity` bound it.
    #[default]
    Memory,
    /// In a file. One process serves from it; others, such as a command, may write to it at the same time.
    Sqlite(SqliteConfig),
    /// In a PostgreSQL database, which several issuers may share.
    Postgres(PostgresConfig),
}

/// `storage.sqlite`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The file, which is made if there is none. Its directory must be writable: SQLite keeps two files beside it. Who
    /// can read it reads the signing keys that the issuer has made.
    pub path: PathBuf,
    /// When a change counts as kept. Default: `full`.
    #[serde(default)]
    pub synchronous: Synchronous,
}

/// When a change counts as kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Synchronous {
    /// When the disk says that it has it.
    #[default]
    Full,
    /// When the operating system has it: the end of the process loses nothing, a power failure may lose the last
    /// seconds. A code or a proof that was used in them can then be used again.
    Normal,
}

/// `storage.postgres`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct PostgresConfig {
    /// `postgresql://user:password@host/database?sslmode=require`, as `libpq` knows it. The user must be allowed to make
    /// tables.
    pub url: Secret,
    /// Connections at most, 1 to 1000. Default: 16.
    #[serde(default = "max_connections")]
    pub max_connections: u32,
    /// A file of certificates (PEM) that the server's must come from, for `sslmode=require`. Default: those that the
    /// operating system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

impl SqliteConfig {
    /// This file, with the defaults.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::default(),
        }
    }
}

impl PostgresConfig {
    /// The database at this address, with the defaults.
    #[must_use]
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            max_connections: max_connections(),
            ca: None,
        }
    }
}

const fn max_connections() -> u32 {
    16
}

impl Synchronous {
    /// The value of SQLite's `PRAGMA synchronous`, in WAL mode.
    #[cfg(feature = "sqlite")]
    pub(super) const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Normal => "normal",
        }
    }
}
