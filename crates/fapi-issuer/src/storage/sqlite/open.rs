//! How the file is opened.

use std::fmt;
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use fapi_core::UnixTime;
use fapi_core::dpop::Epoch;
use fapi_crypto::{KeyError, random_bytes};
use rusqlite::{Connection, TransactionBehavior};

use crate::storage::Synchronous;

/// Another process, such as the command that adds a client, may hold the lock for so long.
const BUSY: Duration = Duration::from_secs(2);

/// `FAPI`: marks the file as ours.
const APPLICATION: i32 = 0x4641_5049;

/// In their order. What has been released never changes.
const MIGRATIONS: [&str; 1] = [include_str!(
    "../migrations/sqlite/0001_entries_and_uses.sql"
)];

/// Why a file cannot be used.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// It cannot be made or read.
    File(std::io::Error),
    /// SQLite cannot work with it.
    Database(rusqlite::Error),
    /// It belongs to another program.
    Foreign,
    /// A later version of this program has written it: the version of the file.
    Newer(i64),
    /// There is no random number, or no thread, to be had.
    System(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
            Self::Foreign => f.write_str("is the database of another program"),
            Self::Newer(version) => write!(
                f,
                "has version {version}, and this program knows versions up to {}",
                MIGRATIONS.len()
            ),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<KeyError> for OpenError {
    fn from(error: KeyError) -> Self {
        Self::System(error.into())
    }
}

/// Opens the file, or makes it, readable for its owner only: signing keys may be in there.
pub(super) fn file(path: &Path) -> Result<Connection, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(OpenError::File)?;
    Ok(Connection::open(path)?)
}

/// Sets the connection up, and brings the file to the version of this program.
pub(super) fn prepare(
    db: &mut Connection,
    synchronous: Synchronous,
    now: UnixTime,
) -> Result<Epoch, OpenError> {
    db.busy_timeout(BUSY)?;
    refuse_foreign(db)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", synchronous.pragma())?;
    db.pragma_update(None, "foreign_keys", true)?;
    // No temporary files: a full disk shows in the transaction, nowhere else.
    db.pragma_update(None, "temp_store", "memory")?;
    // After a burst the log beside the file becomes small again.
    db.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    db.set_prepared_statement_cache_capacity(32);
    migrate(db, now)
}

fn refuse_foreign(db: &Connection) -> Result<(), OpenError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match (application, tables) {
        (APPLICATION, _) | (0, 0) => Ok(()),
        _ => Err(OpenError::Foreign),
    }
}

/// One transaction for all that is new: a file has a version as a whole, whoever else opens it at the same time.
fn migrate(db: &mut Connection, now: UnixTime) -> Result<Epoch, OpenError> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = usize::try_from(version)
        .ok()
        .and_then(|version| MIGRATIONS.get(version..))
        .ok_or(OpenError::Newer(version))?;
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    let version = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    let id = u64::from_ne_bytes(random_bytes()?).cast_signed();
    transaction.execute(
        "INSERT INTO epoch (one, id, since) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        (id, now.as_secs()),
    )?;
    let epoch = transaction.query_row("SELECT id, since FROM epoch", (), |row| {
        let id: i64 = row.get(0)?;
        Ok(Epoch::new(
            id.cast_unsigned(),
            UnixTime::from_secs(row.get(1)?),
        ))
    })?;
    transaction.commit()?;
    Ok(epoch)
}
