//! The one connection, made when it is first needed and made anew when it is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Instrument as _;

use super::keyspace::Keyspace;
use super::problem::{Connection, RedisProblem};
use super::server::{Server, Wire};
use super::settings::Settings;

/// The pause after the first failed attempt to connect; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A cluster's connection is renewed at most this often.
const RENEWAL: Duration = Duration::from_secs(1);

/// The connection to Redis.
///
/// A task of its own connects, again and again until it succeeds, so that neither a cancelled request nor a lack of
/// requests stops it. It ends with the link.
pub(super) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    keyspace: Keyspace,
    state: Mutex<State>,
}

enum State {
    /// Nobody has asked yet.
    Idle,
    Connecting(watch::Receiver<Attempts>),
    Up {
        server: Arc<Server>,
        /// A cluster's connection that is to follow this one.
        successor: Option<watch::Receiver<Attempts>>,
    },
}

/// What came of the attempts to connect so far.
#[derive(Clone, Debug)]
enum Attempts {
    First,
    Failed(RedisProblem),
}

impl Link {
    pub(super) fn new(settings: Settings, keyspace: Keyspace) -> Self {
        Self {
            shared: Arc::new(Shared {
                settings,
                keyspace,
                state: Mutex::new(State::Idle),
            }),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(super) fn keyspace(&self) -> &Keyspace {
        &self.shared.keyspace
    }

    /// The connection. Waits for the first attempt to make one; while later ones go on, gives what was wrong last.
    pub(super) async fn server(&self) -> Result<Arc<Server>, RedisProblem> {
        loop {
            let mut attempts = match &mut *self.shared.state() {
                State::Up { server, .. } => return Ok(Arc::clone(server)),
                // Without its sender the task is gone, with the runtime that it ran on.
                State::Connecting(attempts) if attempts.has_changed().is_ok() => attempts.clone(),
                state => {
                    let attempts = self.connect()?;
                    *state = State::Connecting(attempts.clone());
                    attempts
                }
            };
            if let Attempts::Failed(problem) = &*attempts.borrow_and_update() {
                return Err(problem.clone());
            }
            // Either way the state has changed: look again.
            let _ = attempts.changed().await;
        }
    }

    /// Reports what went wrong on a connection.
    pub(super) fn report(&self, server: &Arc<Server>, problem: &RedisProblem) {
        if problem.connection() == Connection::Usable {
            return;
        }
        let mut state = self.shared.state();
        let State::Up {
            server: present,
            successor,
        } = &mut *state
        else {
            return;
        };
        if !Arc::ptr_eq(present, server) {
            return;
        }
        match server.wire {
            // Requests that still wait on the old connection keep it until they end, and no new ones come to it. So
            // a server that hangs gathers no queue, and late replies have nobody to be mistaken for.
            Wire::Server(_) => {
                tracing::warn!(target: "tower_fapi", %problem, "gave up the connection to Redis");
                *state = match self.connect() {
                    Ok(attempts) => State::Connecting(attempts),
                    Err(_) => State::Idle,
                };
            }
            // One node's trouble must not cut the others off: the old connection stays until there is a new one.
            Wire::Cluster(_) => {
                let under_way = successor
                    .as_ref()
                    .is_some_and(|attempts| attempts.has_changed().is_ok());
                if !under_way && server.since.elapsed() >= RENEWAL {
                    tracing::warn!(target: "tower_fapi", %problem, "renewing the connection to the Redis cluster");
                    *successor = self.connect().ok();
                }
            }
        }
    }

    fn connect(&self) -> Result<watch::Receiver<Attempts>, RedisProblem> {
        let runtime = Handle::try_current().map_err(|_| RedisProblem::NoRuntime)?;
        let (sender, receiver) = watch::channel(Attempts::First);
        // Without a parent: it is nobody's request in particular that needs the connection.
        let span = tracing::debug_span!(target: "tower_fapi", parent: None, "fapi.connect_redis");
        runtime.spawn(keep_connecting(Arc::downgrade(&self.shared), sender).instrument(span));
        Ok(receiver)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keep_connecting(link: Weak<Shared>, attempts: watch::Sender<Attempts>) {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(shared) = link.upgrade() else {
            return;
        };
        match Server::connect(&shared.settings, &shared.keyspace).await {
            Ok(server) => {
                *shared.state() = State::Up {
                    server: Arc::new(server),
                    successor: None,
                };
                let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(target: "tower_fapi", milliseconds, "connected to Redis");
                return;
            }
            Err(problem) => attempts.send_modify(|attempts| {
                // One line for each sort of trouble, not one for each attempt.
                if !matches!(attempts, Attempts::Failed(last) if *last == problem) {
                    tracing::error!(target: "tower_fapi", %problem, "the replay store cannot be used");
                }
                *attempts = Attempts::Failed(problem);
            }),
        }
        drop(shared);
        tokio::time::sleep(jittered(pause)).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Between half of the pause and all of it, so that many processes do not come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    let [random] = fapi_crypto::random_bytes().unwrap_or([u8::MAX]);
    let share = u32::from(random).saturating_add(256); // of 512
    pause
        .saturating_mul(share)
        .checked_div(512)
        .unwrap_or(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_within_their_half() {
        for _ in 0..100 {
            let pause = jittered(LONGEST_PAUSE);
            assert!(pause >= LONGEST_PAUSE / 2 && pause < LONGEST_PAUSE);
        }
    }
}
