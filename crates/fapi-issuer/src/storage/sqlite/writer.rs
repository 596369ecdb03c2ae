//! The thread that owns the connection.
//!
//! It takes all verbs that wait, runs those that write in one transaction, and answers them after the commit: what was
//! answered is on disk, and a flush to disk is shared by all who wait for one.

use std::thread;

use rusqlite::{Connection, Result};
use tokio::sync::{mpsc, oneshot};

use crate::storage::StorageError;
use crate::storage::health::Health;

/// Verbs that wait at most; more wait for a place.
const QUEUE: usize = 1024;

/// Verbs of one transaction at most.
const BATCH: usize = 256;

/// The way to the thread. It ends with the last of them.
pub(super) struct Writer {
    queue: mpsc::Sender<Request>,
}

enum Request {
    Read(Box<dyn Verb>),
    Write(Box<dyn Verb>),
}

/// A verb with its answer, which the caller gets when it is sure. Dropped without, it tells the caller that the storage
/// is unavailable.
trait Verb: Send {
    fn run(&mut self, db: &Connection) -> Result<()>;

    fn answer(self: Box<Self>);
}

struct Call<F, T> {
    verb: F,
    answer: Option<T>,
    caller: oneshot::Sender<T>,
}

impl<F, T> Verb for Call<F, T>
where
    F: FnMut(&Connection) -> Result<T> + Send,
    T: Send,
{
    fn run(&mut self, db: &Connection) -> Result<()> {
        self.answer = Some((self.verb)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(answer) = self.answer {
            // An error says that the caller has gone away.
            let _ = self.caller.send(answer);
        }
    }
}

impl Writer {
    pub(super) fn start(db: Connection) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("fapi-issuer-db".to_owned())
            .spawn(move || serve(&db, waiting))?;
        Ok(Self { queue })
    }

    /// Looks at what is committed.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        verb: impl FnMut(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.call(verb, Request::Read).await
    }

    /// Changes something: all or nothing of it, and on disk when this returns.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        verb: impl FnMut(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.call(verb, Request::Write).await
    }

    async fn call<T: Send + 'static>(
        &self,
        verb: impl FnMut(&Connection) -> Result<T> + Send + 'static,
        request: fn(Box<dyn Verb>) -> Request,
    ) -> Result<T, StorageError> {
        let (caller, answer) = oneshot::channel();
        let call = Call {
            verb,
            answer: None,
            caller,
        };
        let sent = self.queue.send(request(Box::new(call))).await;
        sent.map_err(|_| StorageError::Unavailable)?;
        answer.await.map_err(|_| StorageError::Unavailable)
    }
}

fn serve(db: &Connection, mut queue: mpsc::Receiver<Request>) {
    let health = Health::default();
    let mut waiting = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut waiting, BATCH) > 0 {
        let mut writes = Vec::new();
        for request in waiting.drain(..) {
            match request {
                // Who asks at the same time as somebody writes may see either state.
                Request::Read(mut verb) => match verb.run(db) {
                    Ok(()) => verb.answer(),
                    Err(error) => health.failed(&error),
                },
                Request::Write(verb) => writes.push(verb),
            }
        }
        if !writes.is_empty() {
            match commit(db, writes) {
                Ok(()) => health.good(),
                Err(error) => health.failed(&error),
            }
        }
    }
}

/// Runs the verbs in one transaction. One that fails alone is undone alone; if the transaction fails, all have failed.
fn commit(db: &Connection, verbs: Vec<Box<dyn Verb>>) -> Result<()> {
    let mut done = Vec::with_capacity(verbs.len());
    match transaction(db, verbs, &mut done) {
        Ok(()) => {
            done.into_iter().for_each(|verb| verb.answer());
            Ok(())
        }
        Err(error) => {
            if !db.is_autocommit() {
                execute(db, "ROLLBACK")?;
            }
            Err(error)
        }
    }
}

/// Leaves in `done` the verbs that have an answer if the transaction ends well.
fn transaction(
    db: &Connection,
    verbs: Vec<Box<dyn Verb>>,
    done: &mut Vec<Box<dyn Verb>>,
) -> Result<()> {
    // The lock at once: a transaction that begins by reading may find that it cannot write.
    execute(db, "BEGIN IMMEDIATE")?;
    for mut verb in verbs {
        execute(db, "SAVEPOINT verb")?;
        match verb.run(db) {
            Ok(()) => done.push(verb),
            // With a full disk SQLite may have rolled all of it back.
            Err(error) if db.is_autocommit() => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the storage refuses a change");
                execute(db, "ROLLBACK TO verb")?;
            }
        }
        execute(db, "RELEASE verb")?;
    }
    execute(db, "COMMIT")
}

fn execute(db: &Connection, statement: &str) -> Result<()> {
    db.prepare_cached(statement)?.execute(()).map(|_| ())
}
