//! The epochs of the store's groups, and the one epoch that they make.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fapi_core::UnixTime;
use fapi_core::dpop::Epoch;
use redis::{Value, pipe};
use tokio::task::JoinSet;

use super::keyspace::{EpochRecord, Keyspace, Run};
use super::problem::RedisProblem;
use super::server::{Server, Wire};

/// How far a proof that was accepted may have been ahead of the clock of whoever makes an epoch: the default of
/// `dpop.future_seconds`, and a second for rounding.
///
/// A new epoch begins that much later, so that no proof that the lost data knew is younger than it. For that long, clients
/// without a nonce are asked for one.
const AHEAD_SECONDS: i64 = 11;

/// The epochs that were last seen.
///
/// A cluster has one for each group, and nonces can name only one. So the store's id is all ids combined, and its beginning
/// the latest beginning: where one node loses its data, everything older is asked for a nonce.
pub(super) struct Epochs {
    seen: Mutex<Vec<Option<Epoch>>>,
    /// Lets one request at a time make epochs.
    renewal: tokio::sync::Mutex<()>,
}

/// Under which condition a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    IfAbsent,
    Over,
}

impl Epochs {
    pub(super) fn new(groups: usize) -> Self {
        Self {
            seen: Mutex::new(vec![None; groups]),
            renewal: tokio::sync::Mutex::new(()),
        }
    }

    /// The store's epoch, if every group's is known.
    pub(super) fn combined(&self) -> Option<Epoch> {
        self.seen()
            .iter()
            .copied()
            .reduce(|all, next| Some(combine(all?, next?)))
            .flatten()
    }

    /// The store's epoch, now that `found` stands under the key of the group's epoch. Makes a new one where there is none,
    /// or one of another run of the server.
    pub(super) async fn settle(
        &self,
        server: &Server,
        keyspace: &Keyspace,
        group: usize,
        found: &Value,
        now: UnixTime,
    ) -> Result<Epoch, RedisProblem> {
        if let Found::Present(epoch) = Found::read(found, &server.run)? {
            let known = self.seen().get(group).copied().flatten();
            if known == Some(epoch)
                && let Some(combined) = self.combined()
            {
                return Ok(combined);
            }
        }
        self.renew(server, keyspace, now).await
    }

    /// Looks at all groups, and makes what epochs are missing: where one of a cluster was lost, its node's others were too,
    /// and the combined epoch should change once.
    pub(super) async fn renew(
        &self,
        server: &Server,
        keyspace: &Keyspace,
        now: UnixTime,
    ) -> Result<Epoch, RedisProblem> {
        let _one_at_a_time = self.renewal.lock().await;
        let mut looks = JoinSet::new();
        for (group, key) in keyspace.epochs() {
            let (wire, run) = (server.wire.clone(), server.run.clone());
            looks.spawn(async move { (group, look_or_make(&wire, &run, &key, now).await) });
        }
        let mut outcome = Ok(());
        while let Some(look) = looks.join_next().await {
            match look {
                Ok((group, Ok(epoch))) => self.see(group, epoch),
                Ok((_, Err(problem))) => outcome = Err(problem),
                Err(_) => outcome = Err(BROKEN_OFF),
            }
        }
        outcome?;
        self.combined().ok_or(BROKEN_OFF)
    }

    /// Looks at all groups and makes nothing.
    pub(super) async fn refresh(
        &self,
        server: &Server,
        keyspace: &Keyspace,
    ) -> Result<(), RedisProblem> {
        for (group, key) in keyspace.epochs() {
            if let Found::Present(epoch) = look(&server.wire, &server.run, &key).await? {
                self.see(group, epoch);
            }
        }
        Ok(())
    }

    fn see(&self, group: usize, epoch: Epoch) {
        if let Some(place) = self.seen().get_mut(group) {
            *place = Some(epoch);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Option<Epoch>>> {
        // Each change is a single assignment.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const BROKEN_OFF: RedisProblem = RedisProblem::Protocol {
    detail: "not every epoch could be read",
};

/// The ids are random, so that their sum modulo 2 is another one as soon as one of them is.
fn combine(a: Epoch, b: Epoch) -> Epoch {
    Epoch::new(a.id() ^ b.id(), a.since().max(b.since()))
}

/// What stands under the key of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Present(Epoch),
    /// Of another run of the server, or no record at all.
    Outdated,
    Absent,
}

impl Found {
    fn read(reply: &Value, run: &Run) -> Result<Self, RedisProblem> {
        match reply {
            Value::Nil => Ok(Self::Absent),
            Value::BulkString(bytes) => Ok(match EpochRecord::parse(bytes) {
                Some(record) if record.is_of(run) => Self::Present(record.epoch),
                _ => Self::Outdated,
            }),
            Value::ServerError(error) => Err(RedisProblem::from_server(
                Some(error.code()),
                error.to_string(),
            )),
            _ => Err(RedisProblem::Protocol {
                detail: "an epoch is no string",
            }),
        }
    }
}

/// Reads a group's epoch, and makes one where it is missing.
async fn look_or_make(
    wire: &Wire,
    run: &Run,
    key: &str,
    now: UnixTime,
) -> Result<Epoch, RedisProblem> {
    let write = match look(wire, run, key).await? {
        Found::Present(epoch) => return Ok(epoch),
        Found::Absent => Write::IfAbsent,
        // Two processes may write over each other here. The later epoch counts, and nonces of the other are asked to be
        // renewed: that errs on the safe side.
        Found::Outdated => Write::Over,
    };
    make(wire, run, key, write, now).await
}

async fn look(wire: &Wire, run: &Run, key: &str) -> Result<Found, RedisProblem> {
    let mut read = pipe();
    read.cmd("GET").arg(key);
    match wire.send(&read).await?.as_slice() {
        [found] => Found::read(found, run),
        _ => Err(BROKEN_OFF),
    }
}

async fn make(
    wire: &Wire,
    run: &Run,
    key: &str,
    write: Write,
    now: UnixTime,
) -> Result<Epoch, RedisProblem> {
    let id = fapi_crypto::random_bytes().map_err(|_| RedisProblem::NoRandomness)?;
    let record = EpochRecord {
        epoch: Epoch::new(u64::from_ne_bytes(id), now.plus(AHEAD_SECONDS)),
        run: run.clone(),
    };
    let mut commands = pipe();
    commands.cmd("SET").arg(key).arg(record.encode());
    if write == Write::IfAbsent {
        commands.arg("NX");
    }
    commands.cmd("GET").arg(key);
    let replies = wire.send(&commands).await?;
    let [set, found] = replies.as_slice() else {
        return Err(BROKEN_OFF);
    };
    if let Value::ServerError(error) = set {
        return Err(RedisProblem::from_server(
            Some(error.code()),
            error.to_string(),
        ));
    }
    match Found::read(found, run)? {
        Found::Present(epoch) => {
            tracing::info!(
                target: "tower_fapi",
                since = epoch.since().as_secs(),
                "the replay store has a new epoch: proofs made before it are asked for a nonce"
            );
            Ok(epoch)
        }
        // Somebody else writes records of another run: not one server, but several behind one address.
        Found::Outdated | Found::Absent => Err(RedisProblem::Protocol {
            detail: "the epoch changes under our hands; are there several servers behind this address?",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(id: u64, since: i64) -> Epoch {
        Epoch::new(id, UnixTime::from_secs(since))
    }

    #[test]
    fn known_only_when_all_groups_are() {
        let epochs = Epochs::new(3);
        assert_eq!(epochs.combined(), None);
        epochs.seen()[0] = Some(epoch(1, 10));
        epochs.seen()[2] = Some(epoch(4, 30));
        assert_eq!(epochs.combined(), None);
        epochs.seen()[1] = Some(epoch(2, 20));
        assert_eq!(epochs.combined(), Some(epoch(7, 30)));
    }

    #[test]
    fn one_group_is_itself() {
        let epochs = Epochs::new(1);
        assert_eq!(epochs.combined(), None);
        epochs.seen()[0] = Some(epoch(9, 10));
        assert_eq!(epochs.combined(), Some(epoch(9, 10)));
    }
}
