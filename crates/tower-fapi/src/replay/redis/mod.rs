//! The memory of several processes: Redis or Valkey.

mod epochs;
mod keyspace;
mod link;
mod problem;
mod server;
mod settings;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fapi_core::config::{ConfigError, RedisConfig};
use fapi_core::dpop::{Epoch, ReplayKey};
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};
use redis::{Pipeline, Value};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use self::epochs::Epochs;
use self::keyspace::Keyspace;
use self::link::Link;
pub use self::problem::RedisProblem;
use self::server::Server;
use self::settings::{IN_FLIGHT, Settings};
use crate::ports::{Answer, ReplayStore};

/// The shortest life of an entry in milliseconds.
const SHORTEST_LIFE_MS: i64 = 1000;

/// After such a time without an insertion the epoch is read on its own.
const IDLE: Duration = Duration::from_secs(1);

/// Remembers used proofs in Redis or Valkey: right for several replicas.
///
/// An entry is a key of its own, written with `SET … NX PX …`: atomic, and gone when the proof is too old anyway. The
/// server is needed for each request. While it does not answer in time, requests are refused with 503; none is let
/// through. At most 1024 requests wait for it at a time. A proof that was refused with 503 may have been written
/// nevertheless: clients come back with a new one, as after any other response.
///
/// The guide says [what the server needs](crate::guide::replay#what-redis-needs), with `maxmemory-policy noeviction` first
/// of all, and [what a fail-over costs](crate::guide::replay#what-a-fail-over-of-redis-costs).
///
/// Futures of this store need a Tokio runtime with time and network enabled.
pub struct RedisReplayStore {
    inner: Arc<Inner>,
    places: Arc<Semaphore>,
}

struct Inner {
    link: Link,
    epochs: Epochs,
    /// When the epoch was last read, or its reading begun.
    looked: Mutex<Option<Instant>>,
}

impl RedisReplayStore {
    /// A store that connects when it is first used. Reads the secrets and certificates of the configuration.
    ///
    /// # Errors
    ///
    /// The configuration has no server, contradicts itself, or names a secret that cannot be read.
    pub fn new(config: &RedisConfig) -> Result<Self, ConfigError> {
        let settings = Settings::new(config)?;
        let keyspace = Keyspace::new(&config.key_prefix, settings.layout());
        let epochs = Epochs::new(keyspace.groups());
        Ok(Self {
            inner: Arc::new(Inner {
                link: Link::new(settings, keyspace),
                epochs,
                looked: Mutex::new(None),
            }),
            places: Arc::new(Semaphore::new(IN_FLIGHT)),
        })
    }

    /// Connects, if there is no connection, and reads the epoch, or makes it as of `now`: for start-up and for readiness
    /// probes.
    ///
    /// # Errors
    ///
    /// Why the server cannot be used. The store goes on trying, with pauses of up to half a second.
    pub async fn ready(&self, now: UnixTime) -> Result<(), RedisProblem> {
        self.inner.ready(now).await
    }
}

impl ReplayStore for RedisReplayStore {
    fn epoch(&self) -> Option<Epoch> {
        self.inner.refresh_if_idle();
        self.inner.epochs.combined()
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        now: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Answer::Now(Err(RETRY_SOON));
        };
        let inner = Arc::clone(&self.inner);
        let (key, life) = (query.key, life_ms(query.expires, now));
        Answer::Later(Box::pin(async move {
            let _place = place;
            inner.insert(key, life, now).await.map_err(|problem| {
                tracing::debug!(target: "tower_fapi", %problem, "the replay store did not answer");
                RETRY_SOON
            })
        }))
    }

    fn ready(&self, now: UnixTime) -> Answer<Result<(), Unavailable>> {
        let inner = Arc::clone(&self.inner);
        Answer::Later(Box::pin(async move {
            inner.ready(now).await.map_err(|problem| {
                tracing::warn!(target: "tower_fapi", %problem, "the replay store is not ready");
                RETRY_SOON
            })
        }))
    }
}

impl fmt::Debug for RedisReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayStore")
            .field("epoch", &self.inner.epochs.combined())
            .finish_non_exhaustive()
    }
}

const RETRY_SOON: Unavailable = Unavailable::retry_after_seconds(1);

/// How long an entry lives. A span, not a time: the clock of Redis may differ from ours.
fn life_ms(expires: UnixTime, now: UnixTime) -> i64 {
    expires
        .since(now)
        .saturating_mul(1000)
        .max(SHORTEST_LIFE_MS)
}

impl Inner {
    async fn ready(&self, now: UnixTime) -> Result<(), RedisProblem> {
        let server = self.link.server().await?;
        let renewal = self.epochs.renew(&server, self.link.keyspace(), now);
        self.in_time(&server, renewal).await.map(drop)
    }

    /// Inserts within the time of a command, waiting for a connection included.
    async fn insert(
        &self,
        key: ReplayKey,
        life_ms: i64,
        now: UnixTime,
    ) -> Result<ReplayAnswer, RedisProblem> {
        // Without a runtime the timer below would panic.
        Handle::try_current().map_err(|_| RedisProblem::NoRuntime)?;
        let allowed = self.link.settings().command_timeout;
        let begun = Instant::now();
        let deadline = begun.checked_add(allowed).unwrap_or(begun);
        let late = RedisProblem::TimedOut { allowed };
        let server = timeout_at(deadline, self.link.server())
            .await
            .unwrap_or_else(|_| Err(late.clone()))?;
        timeout_at(deadline, self.insert_at(&server, key, life_ms, now))
            .await
            .unwrap_or(Err(late))
            .inspect_err(|problem| self.link.report(&server, problem))
    }

    /// Runs a conversation within the time of a command, and gives the connection up if it fails.
    async fn in_time<T>(
        &self,
        server: &Arc<Server>,
        conversation: impl Future<Output = Result<T, RedisProblem>>,
    ) -> Result<T, RedisProblem> {
        let allowed = self.link.settings().command_timeout;
        timeout(allowed, conversation)
            .await
            .unwrap_or(Err(RedisProblem::TimedOut { allowed }))
            .inspect_err(|problem| self.link.report(server, problem))
    }

    /// Sees to it that a process with little to do notices when another one makes a new epoch: until then it refuses nonces
    /// of that epoch without asking Redis.
    fn refresh_if_idle(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !self.look_now_if_after(IDLE) {
            return;
        }
        let inner = Arc::clone(self);
        runtime.spawn(async move {
            let Ok(server) = inner.link.server().await else {
                return;
            };
            let refresh = inner.epochs.refresh(&server, inner.link.keyspace());
            // What is wrong shows with the next insertion.
            let _ = inner.in_time(&server, refresh).await;
        });
    }

    /// Notes that the epoch is being read now, if it was not within `pause`; says whether.
    fn look_now_if_after(&self, pause: Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| looked.elapsed() < pause) {
            return false;
        }
        *looked = Some(Instant::now());
        true
    }

    async fn insert_at(
        &self,
        server: &Server,
        key: ReplayKey,
        life_ms: i64,
        now: UnixTime,
    ) -> Result<ReplayAnswer, RedisProblem> {
        let keyspace = self.link.keyspace();
        let (name, group) = keyspace.proof(key);
        let commands = insertion(&name, life_ms, &keyspace.epoch(group));
        let replies = server.wire.send(&commands).await?;
        let [set, found] = replies.as_slice() else {
            return Err(RedisProblem::Protocol {
                detail: "a wrong number of replies",
            });
        };
        let outcome = outcome(set)?;
        let epoch = self
            .epochs
            .settle(server, keyspace, group, found, now)
            .await?;
        self.look_now_if_after(Duration::ZERO);
        Ok(ReplayAnswer { outcome, epoch })
    }
}

/// Writes the entry, then reads the epoch. In this order an entry that was lost in between is seen: the epoch is missing.
fn insertion(name: &str, life_ms: i64, epoch: &str) -> Pipeline {
    let mut commands = Pipeline::with_capacity(2);
    // Redis keeps small numbers as values once for all keys, and an empty string for each.
    commands
        .cmd("SET")
        .arg(name)
        .arg(1)
        .arg("NX")
        .arg("PX")
        .arg(life_ms);
    commands.cmd("GET").arg(epoch);
    commands
}

/// What the reply to `SET … NX` says. Only nil says that the entry was there: an error is not a replay, and not fresh.
fn outcome(reply: &Value) -> Result<ReplayOutcome, RedisProblem> {
    match reply {
        Value::Okay => Ok(ReplayOutcome::Fresh),
        Value::Nil => Ok(ReplayOutcome::Seen),
        Value::ServerError(error) if error.code() == "OOM" => Ok(ReplayOutcome::Full),
        Value::ServerError(error) => Err(RedisProblem::from_server(
            Some(error.code()),
            error.to_string(),
        )),
        _ => Err(RedisProblem::Protocol {
            detail: "SET was answered with neither OK nor nil",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_span_and_never_too_short() {
        let at = UnixTime::from_secs;
        assert_eq!(life_ms(at(1000), at(700)), 300_000);
        assert_eq!(life_ms(at(1000), at(1000)), 1000);
        assert_eq!(life_ms(at(1000), at(2000)), 1000);
        assert_eq!(life_ms(at(i64::MAX), at(i64::MIN)), i64::MAX);
    }

    #[test]
    fn only_ok_is_fresh_and_only_nil_is_seen() {
        assert_eq!(outcome(&Value::Okay), Ok(ReplayOutcome::Fresh));
        assert_eq!(outcome(&Value::Nil), Ok(ReplayOutcome::Seen));
        for reply in [
            Value::Int(1),
            Value::Array(Vec::new()),
            Value::BulkString(Vec::new()),
            Value::BulkString(b"OK".to_vec()),
            Value::SimpleString("FINE".to_owned()),
        ] {
            assert!(matches!(
                outcome(&reply),
                Err(RedisProblem::Protocol { .. })
            ));
        }
    }
}
