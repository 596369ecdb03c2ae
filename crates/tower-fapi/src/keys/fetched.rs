//! The keys of one issuer, fetched when needed by one task at a time.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use fapi_core::config::HttpConfig;
use fapi_core::fetch::{Next, Schedule, freshness};
use fapi_core::{KeySet, Unavailable};
use reqwest::header::{AGE, CACHE_CONTROL, HeaderValue};
use reqwest::{Client, Url};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::discovery::{self, Place, PlainHttp};
use super::error::{Document, FetchError, FetchProblem};
use super::http::{self, Fetched, Limits};
use super::{KeysEvent, Monotonic, Observer};
use crate::measure::{KeyFetch, KeyFetches};
use crate::ports::Answer;

/// How many requests may wait for one fetch.
const MAX_WAITING: usize = 1024;

/// The keys of one issuer.
pub(super) struct FetchedKeys {
    issuer: Box<str>,
    place: Place,
    surroundings: Arc<Surroundings>,
    fetches: KeyFetches,
    state: RwLock<State>,
}

/// What all issuers share.
pub(super) struct Surroundings {
    pub(super) client: Client,
    pub(super) limits: Limits,
    pub(super) plain_http: PlainHttp,
    pub(super) clock: Arc<Monotonic>,
    pub(super) observer: Arc<Observer>,
    /// What `client` and `limits` were made of.
    pub(super) http: HttpConfig,
}

struct State {
    schedule: Schedule,
    /// There while a fetch runs. Nothing is ever sent: that it is dropped tells the waiting that the fetch has ended,
    /// however it did.
    running: Option<watch::Sender<()>>,
}

/// What a request gets.
enum Asked {
    Answer(Result<Arc<KeySet>, Unavailable>),
    Wait(watch::Receiver<()>),
}

impl FetchedKeys {
    pub(super) fn new(issuer: &str, place: Place, surroundings: Arc<Surroundings>) -> Arc<Self> {
        let schedule = Schedule::new(surroundings.limits.timeout);
        Self::with(issuer, place, surroundings, schedule)
    }

    fn with(
        issuer: &str,
        place: Place,
        surroundings: Arc<Surroundings>,
        schedule: Schedule,
    ) -> Arc<Self> {
        Arc::new(Self {
            issuer: issuer.into(),
            place,
            surroundings,
            fetches: KeyFetches::new(issuer),
            state: RwLock::new(State {
                schedule,
                running: None,
            }),
        })
    }

    /// The keys of the same issuer under another configuration: these, or those at hand in other surroundings, or none
    /// if they come from elsewhere.
    pub(super) fn continued(
        self: &Arc<Self>,
        place: Place,
        surroundings: &Arc<Surroundings>,
    ) -> Arc<Self> {
        let issuer = &*self.issuer;
        // By other rules the metadata may not name this key set.
        if self.place != place || self.surroundings.plain_http != surroundings.plain_http {
            return Self::new(issuer, place, Arc::clone(surroundings));
        }
        if Arc::ptr_eq(&self.surroundings, surroundings) {
            return Arc::clone(self);
        }
        let schedule = self
            .read()
            .schedule
            .with_timeout(surroundings.limits.timeout);
        Self::with(issuer, place, Arc::clone(surroundings), schedule)
    }

    /// The keys that may be used now. Has them fetched again if it is time.
    pub(super) fn known(self: &Arc<Self>) -> Option<Arc<KeySet>> {
        let now = self.now();
        let (keys, due) = {
            let state = self.read();
            let due = state.running.is_none() && state.schedule.refresh_is_due(now);
            (state.schedule.usable(now).cloned(), due)
        };
        if due {
            self.start_if(Schedule::refresh_is_due);
        }
        keys
    }

    /// Whether there are keys that may be used now. Has them fetched if not.
    pub(super) fn is_ready(self: &Arc<Self>) -> bool {
        let ready = self.known().is_some();
        if !ready {
            self.start_if(Schedule::may_fetch);
        }
        ready
    }

    /// Gets the keys, again if `kid` is not among them and the allowance permits.
    pub(super) fn fetch(
        self: &Arc<Self>,
        kid: Option<&str>,
    ) -> Answer<Result<Arc<KeySet>, Unavailable>> {
        let keys = Arc::clone(self);
        if Handle::try_current().is_err() {
            // Whoever polls the answer may be inside a runtime.
            let kid = kid.map(Box::<str>::from);
            return Answer::Later(Box::pin(async move {
                match keys.ask(kid.as_deref()) {
                    Asked::Answer(answer) => answer,
                    Asked::Wait(end) => keys.wait(end, kid).await,
                }
            }));
        }
        match self.ask(kid) {
            Asked::Answer(answer) => Answer::Now(answer),
            Asked::Wait(end) => {
                let kid = kid.map(Box::<str>::from);
                Answer::Later(Box::pin(async move { keys.wait(end, kid).await }))
            }
        }
    }

    fn ask(self: &Arc<Self>, kid: Option<&str>) -> Asked {
        let Ok(runtime) = Handle::try_current() else {
            let issuer = &*self.issuer;
            tracing::error!(target: "tower_fapi", issuer, "keys cannot be fetched outside a tokio runtime");
            return Asked::Answer(self.outcome(kid));
        };
        let now = self.now();
        let end = {
            let mut state = self.write();
            if let Some(running) = &state.running {
                // The fetch may bring the key that is missing, but only so many may wait for it.
                if running.receiver_count() < MAX_WAITING {
                    return Asked::Wait(running.subscribe());
                }
                return Asked::Answer(state.schedule.outcome(kid, now));
            }
            match state.schedule.next(kid, now) {
                Next::Answer(answer) => return Asked::Answer(answer),
                Next::CoolDown(answer) => {
                    drop(state);
                    let issuer = &*self.issuer;
                    self.tell(KeysEvent::CoolingDown { issuer });
                    return Asked::Answer(answer);
                }
                Next::Fetch => {
                    let (running, end) = watch::channel(());
                    state.running = Some(running);
                    end
                }
            }
        };
        self.run_on(&runtime);
        Asked::Wait(end)
    }

    /// Waits for the end of a fetch. Dropping this leaves the fetch alone.
    async fn wait(
        &self,
        mut end: watch::Receiver<()>,
        kid: Option<Box<str>>,
    ) -> Result<Arc<KeySet>, Unavailable> {
        while end.changed().await.is_ok() {}
        self.outcome(kid.as_deref())
    }

    /// Starts a fetch that nobody waits for, if none runs, one is `wanted` and there is a runtime to run it.
    fn start_if(self: &Arc<Self>, wanted: impl FnOnce(&Schedule, Duration) -> bool) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let now = self.now();
        {
            let mut state = self.write();
            if state.running.is_some() || !wanted(&state.schedule, now) {
                return;
            }
            state.running = Some(watch::Sender::new(()));
        }
        self.run_on(&runtime);
    }

    /// Runs the fetch that `state.running` stands for. Not under the lock: a runtime that is shutting down drops the
    /// task at once, and that takes the lock.
    fn run_on(self: &Arc<Self>, runtime: &Handle) {
        let run = Run {
            keys: Arc::clone(self),
            began: self.now(),
            outcome: None,
        };
        // Without a parent: the fetch is for all who need the keys, and goes on without the request that began it.
        let issuer = &*self.issuer;
        let span =
            tracing::debug_span!(target: "tower_fapi", parent: None, "fapi.fetch_keys", issuer);
        runtime.spawn(run.run().instrument(span));
    }

    async fn get(&self) -> Result<(KeySet, Duration), FetchError> {
        let limits = &self.surroundings.limits;
        let now = Instant::now();
        let deadline = now.checked_add(limits.timeout).unwrap_or(now);
        let jwks_uri = match &self.place {
            Place::JwksUri(uri) => uri.clone(),
            Place::Metadata { oauth, openid } => self
                .discover([oauth, openid], deadline)
                .await
                .map_err(|problem| FetchError {
                    document: Document::Metadata,
                    problem,
                })?,
        };
        let client = &self.surroundings.client;
        let fetched = http::get(client, &jwks_uri, limits.key_set_bytes, deadline).await;
        let fetched = fetched.and_then(|Fetched { body, headers }| {
            let keys = KeySet::from_json(&body).map_err(FetchProblem::KeySet)?;
            let lines = headers.get_all(CACHE_CONTROL).iter();
            let age = headers.get(AGE).map(HeaderValue::as_bytes);
            Ok((keys, freshness(lines.map(HeaderValue::as_bytes), age)))
        });
        fetched.map_err(|problem| FetchError {
            document: Document::KeySet,
            problem,
        })
    }

    async fn discover(
        &self,
        [oauth, openid]: [&Url; 2],
        deadline: Instant,
    ) -> Result<Url, FetchProblem> {
        let Surroundings { client, limits, .. } = &*self.surroundings;
        let get = |url| http::get(client, url, limits.metadata_bytes, deadline);
        let metadata = match get(oauth).await {
            Err(FetchProblem::Status(404)) => get(openid).await,
            other => other,
        }?;
        discovery::jwks_uri(&metadata.body, &self.issuer, self.surroundings.plain_http)
    }

    /// Counts what happened, and tells the application's observer.
    fn tell(&self, event: KeysEvent<'_>) {
        self.fetches.count(match event {
            KeysEvent::Fetched { .. } => KeyFetch::Fetched,
            KeysEvent::Failed { .. } => KeyFetch::Failed,
            KeysEvent::CoolingDown { .. } => KeyFetch::CoolingDown,
        });
        (self.surroundings.observer)(event);
    }

    fn outcome(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        let now = self.now();
        self.read().schedule.outcome(kid, now)
    }

    fn now(&self) -> Duration {
        (self.surroundings.clock)()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // No panic can leave the state half changed.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch that runs. When it is dropped the fetch is over: also if its runtime was shut down or it panicked.
struct Run {
    keys: Arc<FetchedKeys>,
    began: Duration,
    outcome: Option<Result<(KeySet, Duration), FetchError>>,
}

impl Run {
    async fn run(mut self) {
        let outcome = self.keys.get().await;
        self.outcome = Some(outcome);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let keys = &*self.keys;
        let issuer = &*keys.issuer;
        let now = keys.now();
        let outcome = self.outcome.take().unwrap_or(Err(FetchError {
            document: Document::KeySet,
            problem: FetchProblem::Abandoned,
        }));
        // Wakes those who wait when all is said, and not under the lock.
        let _ended;
        match outcome {
            Ok((key_set, lifetime)) => {
                let mut state = keys.write();
                let failures = state.schedule.failures();
                let key_set = Arc::new(key_set);
                state.schedule.succeeded(key_set, lifetime, self.began);
                _ended = state.running.take();
                drop(state);
                if failures == 0 {
                    let fresh_seconds = lifetime.as_secs();
                    tracing::debug!(target: "tower_fapi", issuer, fresh_seconds, "fetched keys");
                } else {
                    tracing::info!(target: "tower_fapi", issuer, failures, "fetched keys after failures");
                }
                keys.tell(KeysEvent::Fetched { issuer });
            }
            Err(error) => {
                let mut state = keys.write();
                let failures = state.schedule.failed(now);
                let keys_at_hand = state.schedule.usable(now).is_some();
                _ended = state.running.take();
                drop(state);
                tracing::warn!(
                    target: "tower_fapi", issuer, %error, failures, keys_at_hand, "could not fetch keys"
                );
                keys.tell(KeysEvent::Failed {
                    issuer,
                    error: &error,
                });
            }
        }
    }
}
