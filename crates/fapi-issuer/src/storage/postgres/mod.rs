//! Everything in a PostgreSQL database. Each verb is one statement: there is nothing in between that could fail.

mod open;

use deadpool_postgres::{Object, Pool};
use fapi_core::config::ConfigError;
use fapi_core::dpop::Epoch;
use fapi_core::{ReplayOutcome, UnixTime};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use super::health::Health;
use super::{Digest, Entry, Kind, Owner, PostgresConfig, StorageError, Taken, Use};

/// Rows that one statement of a sweep drops at most: it has to end before its time limit.
const SWEEP: i64 = 1000;

/// A PostgreSQL database, which other issuers may use at the same time.
pub(crate) struct Postgres {
    pool: Pool,
    epoch: Epoch,
    health: Health,
}

impl Postgres {
    /// Connects to the database; `now` is when a new one begins to remember.
    pub(crate) async fn open(config: &PostgresConfig, now: UnixTime) -> Result<Self, ConfigError> {
        let pool = open::pool(config)?;
        let epoch = open::migrate(&pool, now).await?;
        Ok(Self {
            pool,
            epoch,
            health: Health::default(),
        })
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) async fn insert(&self, entry: Entry<'_>, now: UnixTime) -> Result<(), StorageError> {
        // One that has expired is as if it had never been there.
        const INSERT: &str = "
            INSERT INTO fapi_entry AS held (kind, id, body, owner, expires) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (kind, id) DO UPDATE
            SET body = excluded.body, owner = excluded.owner, expires = excluded.expires, taken = false
            WHERE held.expires <= $6";
        let (kind, id, expires) = (
            entry.kind.name(),
            &entry.id.as_bytes()[..],
            entry.expires.as_secs(),
        );
        let (body, owner, now) = (&*entry.body, name(entry.owner), now.as_secs());
        self.rows(INSERT, &[&kind, &id, &body, &owner, &expires, &now])
            .await
            .map(|_| ())
    }

    /// When it is does not matter: there is room as long as the disk has room.
    pub(crate) async fn replace(&self, entry: Entry<'_>, _: UnixTime) -> Result<(), StorageError> {
        const REPLACE: &str = "
            INSERT INTO fapi_entry (kind, id, body, owner, expires) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (kind, id) DO UPDATE
            SET body = excluded.body, owner = excluded.owner, expires = excluded.expires, taken = false";
        let (kind, id, expires) = (
            entry.kind.name(),
            &entry.id.as_bytes()[..],
            entry.expires.as_secs(),
        );
        let (body, owner) = (&*entry.body, name(entry.owner));
        self.rows(REPLACE, &[&kind, &id, &body, &owner, &expires])
            .await
            .map(|_| ())
    }

    pub(crate) async fn get(
        &self,
        kind: Kind,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Option<Box<str>>, StorageError> {
        const GET: &str = "
            SELECT body FROM fapi_entry WHERE kind = $1 AND id = $2 AND expires > $3 AND NOT taken";
        let values: [&(dyn ToSql + Sync); 3] =
            [&kind.name(), &id.as_bytes().as_slice(), &now.as_secs()];
        let rows = self.rows(GET, &values).await?;
        rows.first().map(|row| self.column(row, 0)).transpose()
    }

    pub(crate) async fn take(
        &self,
        kind: Kind,
        id: &Digest,
        now: UnixTime,
    ) -> Result<Taken, StorageError> {
        // The update waits for another one of the same row, and looks at it again.
        const TAKE: &str = "
            WITH first AS (
                UPDATE fapi_entry SET taken = true
                WHERE kind = $1 AND id = $2 AND expires > $3 AND NOT taken RETURNING body
            )
            SELECT body, EXISTS (SELECT FROM first)
            FROM fapi_entry WHERE kind = $1 AND id = $2 AND expires > $3";
        let values: [&(dyn ToSql + Sync); 3] =
            [&kind.name(), &id.as_bytes().as_slice(), &now.as_secs()];
        let rows = self.rows(TAKE, &values).await?;
        let Some(row) = rows.first() else {
            return Ok(Taken::Unknown);
        };
        let body = self.column(row, 0)?;
        Ok(if self.column(row, 1)? {
            Taken::First(body)
        } else {
            Taken::Again(body)
        })
    }

    pub(crate) async fn remove(&self, kind: Kind, id: &Digest) -> Result<(), StorageError> {
        const REMOVE: &str = "DELETE FROM fapi_entry WHERE kind = $1 AND id = $2";
        self.rows(REMOVE, &[&kind.name(), &id.as_bytes().as_slice()])
            .await
            .map(|_| ())
    }

    pub(crate) async fn list(
        &self,
        kind: Kind,
        now: UnixTime,
    ) -> Result<Vec<Box<str>>, StorageError> {
        const LIST: &str =
            "SELECT body FROM fapi_entry WHERE kind = $1 AND expires > $2 AND NOT taken";
        let rows = self.rows(LIST, &[&kind.name(), &now.as_secs()]).await?;
        rows.iter().map(|row| self.column(row, 0)).collect()
    }

    pub(crate) async fn has_or_forgot(
        &self,
        kind: Kind,
        id: &Digest,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StorageError> {
        const HAS_OR_FORGOT: &str = "
            SELECT EXISTS (SELECT FROM fapi_swept WHERE kind = $1 AND until >= $3)
                OR EXISTS (SELECT FROM fapi_entry WHERE kind = $1 AND id = $2 AND expires > $4)";
        let values: [&(dyn ToSql + Sync); 4] = [
            &kind.name(),
            &id.as_bytes().as_slice(),
            &expires.as_secs(),
            &now.as_secs(),
        ];
        self.value(HAS_OR_FORGOT, &values).await
    }

    pub(crate) async fn use_once(
        &self,
        uses: &[Use],
        now: UnixTime,
    ) -> Result<Vec<ReplayOutcome>, StorageError> {
        const USE: &str = "SELECT fapi_use_once($1, $2, $3)";
        let keys: Vec<&[u8]> = uses.iter().map(|each| &each.key.as_bytes()[..]).collect();
        let expiries: Vec<i64> = uses.iter().map(|each| each.expires.as_secs()).collect();
        let outcomes: Vec<String> = self.value(USE, &[&keys, &expiries, &now.as_secs()]).await?;
        let outcome = |name: &String| match name.as_str() {
            "fresh" => Ok(ReplayOutcome::Fresh),
            "seen" => Ok(ReplayOutcome::Seen),
            "forgotten" => Ok(ReplayOutcome::Forgotten),
            _ => Err(StorageError::Unavailable),
        };
        outcomes.iter().map(outcome).collect()
    }

    pub(crate) async fn sweep(&self, now: UnixTime) -> Result<(), StorageError> {
        // Notes the latest expiry among what it drops: a clock that was ahead and is set back revives nothing.
        const SWEEP_ENTRIES: &str = "
            WITH dead AS (
                SELECT kind, id FROM fapi_entry WHERE expires <= $1
                ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED
            ), gone AS (
                DELETE FROM fapi_entry USING dead
                WHERE fapi_entry.kind = dead.kind AND fapi_entry.id = dead.id AND expires <= $1
                RETURNING dead.kind, expires
            ), noted AS (
                INSERT INTO fapi_swept AS held (kind, until)
                SELECT kind, max(expires) FROM gone GROUP BY kind ORDER BY kind
                ON CONFLICT (kind) DO UPDATE SET until = greatest(held.until, excluded.until)
            )
            SELECT count(*) FROM gone";
        const SWEEP_USES: &str = "
            WITH dead AS (
                SELECT key FROM fapi_used WHERE expires < $1
                ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED
            ), gone AS (
                DELETE FROM fapi_used USING dead
                WHERE fapi_used.key = dead.key AND expires < $1 RETURNING expires
            ), noted AS (
                INSERT INTO fapi_swept AS held (kind, until)
                SELECT 'used', max(expires) FROM gone HAVING count(*) > 0
                ON CONFLICT (kind) DO UPDATE SET until = greatest(held.until, excluded.until)
            )
            SELECT count(*) FROM gone";
        for statement in [SWEEP_ENTRIES, SWEEP_USES] {
            while self
                .value::<i64>(statement, &[&now.as_secs(), &SWEEP])
                .await?
                == SWEEP
            {}
        }
        Ok(())
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StorageError> {
        self.value::<i64>("SELECT id FROM fapi_epoch", &[])
            .await
            .map(|_| ())
    }

    /// The one value that a statement gives.
    async fn value<T: for<'a> FromSql<'a>>(
        &self,
        statement: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<T, StorageError> {
        let rows = self.rows(statement, values).await?;
        let row = rows.first().ok_or(StorageError::Unavailable)?;
        self.column(row, 0)
    }

    fn column<'a, T: FromSql<'a>>(&self, row: &'a Row, place: usize) -> Result<T, StorageError> {
        row.try_get(place).map_err(|error| self.failed(&error))
    }

    /// Runs a statement, within the time that a request may wait.
    async fn rows(
        &self,
        statement: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StorageError> {
        let client = self.pool.get().await.map_err(|error| self.failed(&error))?;
        let work = async {
            let statement = client.prepare_cached(statement).await?;
            client.query(&statement, values).await
        };
        match timeout(open::LIMIT, work).await {
            Ok(Ok(rows)) => {
                self.health.good();
                Ok(rows)
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(elapsed) => {
                // Nobody knows what the connection is doing: it does not go back to the others.
                drop(Object::take(client));
                Err(self.failed(&elapsed))
            }
        }
    }

    fn failed(&self, error: &(dyn std::error::Error + 'static)) -> StorageError {
        self.health.failed(error);
        StorageError::Unavailable
    }
}

fn name(owner: Owner<'_>) -> Option<&str> {
    match owner {
        Owner::Issuer => None,
        Owner::Client(client_id) => Some(client_id),
    }
}

#[cfg(test)]
mod tests;
