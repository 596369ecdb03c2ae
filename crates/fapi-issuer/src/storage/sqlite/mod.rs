//! Everything in a file. What was answered is on disk.

mod open;
mod writer;

use std::collections::HashMap;
use std::path::Path;

use fapi_core::dpop::Epoch;
use fapi_core::{ReplayOutcome, UnixTime};
use rusqlite::{Connection, OptionalExtension as _, Result, Row};

use self::writer::Writer;
use super::{Digest, Entry, Kind, Owner, StorageError, Synchronous, Taken, Use};

use self::open::OpenError;

/// Rows that one transaction of a sweep drops at most: requests wait behind it.
const SWEEP: i64 = 500;

/// A SQLite database.
pub(crate) struct Sqlite {
    writer: Writer,
    epoch: Epoch,
}

impl Sqlite {
    /// Opens the file, or makes it; `now` is when a new one begins to remember.
    pub(crate) fn open(
        path: &Path,
        synchronous: Synchronous,
        now: UnixTime,
    ) -> Result<Self, OpenError> {
        Self::with(open::file(path)?, synchronous, now)
    }

    #[cfg(test)]
    pub(super) fn in_memory(now: UnixTime) -> Self {
        Self::with(
            Connection::open_in_memory().unwrap(),
            Synchronous::Full,
            now,
        )
        .unwrap()
    }

    fn with(
        mut db: Connection,
        synchronous: Synchronous,
        now: UnixTime,
    ) -> Result<Self, OpenError> {
        let epoch = open::prepare(&mut db, synchronous, now)?;
        let writer = Writer::start(db).map_err(|error| OpenError::System(error.into()))?;
        Ok(Self { writer, epoch })
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) async fn insert(&self, entry: Entry<'_>, now: UnixTime) -> Result<(), StorageError> {
        // One that has expired is as if it had never been there.
        const INSERT: &str = "
            INSERT INTO entry (kind, id, body, owner, expires) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (kind, id) DO UPDATE
            SET body = excluded.body, owner = excluded.owner, expires = excluded.expires, taken = 0
            WHERE expires <= ?6";
        let (kind, id, body) = (entry.kind.name(), *entry.id.as_bytes(), entry.body);
        let (owner, expires) = (name(entry.owner), entry.expires.as_secs());
        let verb = move |db: &Connection| {
            let values = (kind, id, &*body, &owner, expires, now.as_secs());
            db.prepare_cached(INSERT)?.execute(values).map(|_| ())
        };
        self.writer.write(verb).await
    }

    /// When it is does not matter: there is room as long as the disk has room.
    pub(crate) async fn replace(&self, entry: Entry<'_>, _: UnixTime) -> Result<(), StorageError> {
        const REPLACE: &str = "
            INSERT INTO entry (kind, id, body, owner, expires) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (kind, id) DO UPDATE
            SET body = excluded.body, owner = excluded.owner, expires = excluded.expires, taken = 0";
        let (kind, id, body) = (entry.kind.name(), *entry.id.as_bytes(), entry.body);
        let (owner, expires) = (name(entry.owner), entry.expires.as_secs());
        let verb = move |db: &Connection| {
            let values = (kind, id, &*body, &owner, expires);
            db.prepare_cached(REPLACE)?.execute(values).map(|_| ())
        };
        self.writer.write(verb).await
    }

    pub(crate) async fn get(
        &self,
        kind: Kind,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Option<Box<str>>, StorageError> {
        const GET: &str =
            "SELECT body FROM entry WHERE kind = ?1 AND id = ?2 AND expires > ?3 AND taken = 0";
        let values = (kind.name(), *id.as_bytes(), now.as_secs());
        self.writer
            .read(move |db| db.prepare_cached(GET)?.query_row(values, body).optional())
            .await
    }

    pub(crate) async fn take(
        &self,
        kind: Kind,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Taken, StorageError> {
        const TAKE: &str = "
            UPDATE entry SET taken = 1
            WHERE kind = ?1 AND id = ?2 AND expires > ?3 AND taken = 0 RETURNING body";
        const TAKEN: &str = "SELECT body FROM entry WHERE kind = ?1 AND id = ?2 AND expires > ?3";
        let values = (kind.name(), *id.as_bytes(), now.as_secs());
        let verb = move |db: &Connection| {
            let first = db.prepare_cached(TAKE)?.query_row(values, body);
            if let Some(body) = first.optional()? {
                return Ok(Taken::First(body));
            }
            let again = db.prepare_cached(TAKEN)?.query_row(values, body);
            Ok(again.optional()?.map_or(Taken::Unknown, Taken::Again))
        };
        self.writer.write(verb).await
    }

    pub(crate) async fn remove(&self, kind: Kind, id: &Digest) -> Result<(), StorageError> {
        const REMOVE: &str = "DELETE FROM entry WHERE kind = ?1 AND id = ?2";
        let values = (kind.name(), *id.as_bytes());
        self.writer
            .write(move |db| db.prepare_cached(REMOVE)?.execute(values).map(|_| ()))
            .await
    }

    pub(crate) async fn list(
        &self,
        kind: Kind,
        now: UnixTime,
    ) -> Result<Vec<Box<str>>, StorageError> {
        const LIST: &str = "SELECT body FROM entry WHERE kind = ?1 AND expires > ?2 AND taken = 0";
        let values = (kind.name(), now.as_secs());
        self.writer
            .read(move |db| {
                let mut statement = db.prepare_cached(LIST)?;
                statement.query_map(values, body)?.collect()
            })
            .await
    }

    pub(crate) async fn has_or_forgot(
        &self,
        kind: Kind,
        id: &Digest,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StorageError> {
        const HAS_OR_FORGOT: &str = "
            SELECT EXISTS (SELECT 1 FROM swept WHERE kind = ?1 AND until >= ?3)
                OR EXISTS (SELECT 1 FROM entry WHERE kind = ?1 AND id = ?2 AND expires > ?4)";
        let values = (
            kind.name(),
            *id.as_bytes(),
            expires.as_secs(),
            now.as_secs(),
        );
        self.writer
            .read(move |db| {
                db.prepare_cached(HAS_OR_FORGOT)?
                    .query_row(values, |row| row.get(0))
            })
            .await
    }

    pub(crate) async fn use_once(
        &self,
        uses: &[Use],
        now: UnixTime,
    ) -> Result<Vec<ReplayOutcome>, StorageError> {
        let uses: Vec<_> = uses
            .iter()
            .map(|each| (*each.key.as_bytes(), each.expires.as_secs()))
            .collect();
        let verb = move |db: &Connection| {
            let mut outcomes = Vec::with_capacity(uses.len());
            for &(key, expires) in &uses {
                let outcome = use_up(db, key, expires, now.as_secs())?;
                outcomes.push(outcome);
                if outcome != ReplayOutcome::Fresh {
                    break;
                }
            }
            Ok(outcomes)
        };
        self.writer.write(verb).await
    }

    pub(crate) async fn sweep(&self, now: UnixTime) -> Result<(), StorageError> {
        let now = now.as_secs();
        for statement in [SWEEP_ENTRIES, SWEEP_USES] {
            let verb = move |db: &Connection| sweep(db, statement, now);
            while self.writer.write(verb).await? == Sweep::More {}
        }
        Ok(())
    }

    /// Whether the thread answers and the file can be read.
    pub(crate) async fn ping(&self) -> Result<(), StorageError> {
        const PING: &str = "SELECT id FROM epoch";
        self.writer
            .read(|db| db.prepare_cached(PING)?.query_row((), |_| Ok(())))
            .await
    }
}

/// As `ReplayWindow` decides, with the end of its last second as the end of a use.
fn use_up(db: &Connection, key: [u8; 16], expires: i64, now: i64) -> Result<ReplayOutcome> {
    const USE: &str = "
        INSERT INTO used (key, expires)
        SELECT ?1, ?2 WHERE ?2 >= ?3
            AND NOT EXISTS (SELECT 1 FROM swept WHERE kind = 'used' AND until >= ?2)
        ON CONFLICT (key) DO UPDATE SET expires = excluded.expires
        WHERE expires < ?3 AND expires < excluded.expires";
    const USED: &str = "SELECT EXISTS (SELECT 1 FROM used WHERE key = ?1)";
    if db.prepare_cached(USE)?.execute((key, expires, now))? == 1 {
        return Ok(ReplayOutcome::Fresh);
    }
    let seen = db
        .prepare_cached(USED)?
        .query_row([key], |row| row.get(0))?;
    Ok(if seen {
        ReplayOutcome::Seen
    } else {
        ReplayOutcome::Forgotten
    })
}

const SWEEP_ENTRIES: &str = "
    DELETE FROM entry WHERE (kind, id) IN
        (SELECT kind, id FROM entry WHERE expires <= ?1 ORDER BY expires LIMIT ?2)
    RETURNING kind, expires";
const SWEEP_USES: &str = "
    DELETE FROM used WHERE key IN
        (SELECT key FROM used WHERE expires < ?1 ORDER BY expires LIMIT ?2)
    RETURNING 'used', expires";

/// Whether there may be more to drop.
#[derive(PartialEq, Eq)]
enum Sweep {
    Done,
    More,
}

/// Drops some, and notes the latest expiry among them: a clock that was ahead and is set back revives nothing.
fn sweep(db: &Connection, statement: &str, now: i64) -> Result<Sweep> {
    const NOTE: &str = "
        INSERT INTO swept (kind, until) VALUES (?1, ?2)
        ON CONFLICT (kind) DO UPDATE SET until = max(until, excluded.until)";
    let mut statement = db.prepare_cached(statement)?;
    let mut rows = statement.query((now, SWEEP))?;
    let mut latest = HashMap::<String, i64>::new();
    let mut dropped = 0_i64;
    while let Some(row) = rows.next()? {
        let (kind, expires) = (row.get(0)?, row.get(1)?);
        let until = latest.entry(kind).or_insert(expires);
        *until = expires.max(*until);
        dropped = dropped.saturating_add(1);
    }
    for latest in latest {
        db.prepare_cached(NOTE)?.execute(latest)?;
    }
    Ok(if dropped < SWEEP {
        Sweep::Done
    } else {
        Sweep::More
    })
}

fn body(row: &Row<'_>) -> Result<Box<str>> {
    row.get(0)
}

fn name(owner: Owner<'_>) -> Option<Box<str>> {
    match owner {
        Owner::Issuer => None,
        Owner::Client(client_id) => Some(client_id.into()),
    }
}

#[cfg(test)]
pub(super) mod tests;
