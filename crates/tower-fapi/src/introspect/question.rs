//! Many requests, few questions: one at a time per token, so many at a time per issuer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fapi_core::config::IntrospectionConfig;
use fapi_core::{Unavailable, UnixTime};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Instrument as _;

use super::cache::{Answers, Key};
use super::endpoint::Endpoint;
use super::problem::Problem;
use crate::drive::Clock;
use crate::measure::{Introspection, Introspections, Saved, Stopwatch};
use crate::ports::{Answer, IntrospectionBody};
use crate::throttle::{Line, Throttle};

/// Too much is asked just now: a moment later there may be room.
const BUSY: Unavailable = Unavailable::retry_after_seconds(1);
/// The issuer does not answer.
const FAILED: Unavailable = Unavailable::retry_after_seconds(5);

/// What became of a question.
type Outcome = Result<Arc<IntrospectionBody>, Unavailable>;
/// Becomes `Some` once.
type Pending = watch::Receiver<Option<Outcome>>;

/// The questions to one issuer.
pub(super) struct Questions {
    endpoint: Endpoint,
    clock: Arc<Clock>,
    settings: IntrospectionConfig,
    counts: Introspections,
    lines: Lines,
    /// Shared with the questions of the configuration before, where the settings are the same.
    state: Arc<Mutex<State>>,
}

/// The lines in the log, a bounded number of each kind, so that none hides another.
struct Lines {
    not_asked: Throttle,
    not_answered: Throttle,
    credentials_refused: Throttle,
}

struct State {
    under_way: HashMap<Key, Pending>,
    answers: Answers,
}

impl Questions {
    pub(super) fn new(
        endpoint: Endpoint,
        settings: &IntrospectionConfig,
        clock: Arc<Clock>,
        before: Option<&Self>,
    ) -> Self {
        let state = match before.filter(|before| before.settings == *settings) {
            Some(before) => Arc::clone(&before.state),
            None => Arc::new(Mutex::new(State {
                under_way: HashMap::new(),
                answers: Answers::new(settings.cache_seconds),
            })),
        };
        Self {
            counts: Introspections::new(endpoint.issuer()),
            endpoint,
            clock,
            settings: settings.clone(),
            lines: Lines {
                not_asked: Throttle::new(),
                not_answered: Throttle::new(),
                credentials_refused: Throttle::new(),
            },
            state,
        }
    }

    /// Answers from memory, waits for the question that is under way, or asks.
    pub(super) fn ask(
        self: &Arc<Self>,
        token: &str,
    ) -> Answer<Result<IntrospectionBody, Unavailable>> {
        // The whole hash: an answer about another token would let that token's rights through.
        let key: Key = Sha256::digest(token).into();
        let now = (self.clock)();
        let mut state = self.state();
        if let Some(body) = state.answers.get(&key, now) {
            drop(state);
            self.counts.saved(Saved::Cached);
            return Answer::Now(Ok(IntrospectionBody::clone(&body)));
        }
        if let Some(pending) = state.under_way.get(&key) {
            let pending = pending.clone();
            drop(state);
            self.counts.saved(Saved::Shared);
            return wait(pending);
        }
        let max_in_flight = usize::try_from(self.settings.max_in_flight).unwrap_or(usize::MAX);
        if state.under_way.len() >= max_in_flight {
            drop(state);
            self.counts.count(Introspection::Busy);
            return self.refuse(BUSY, now, "too many questions are under way");
        }
        let Ok(runtime) = Handle::try_current() else {
            drop(state);
            self.counts.count(Introspection::Failed);
            return self.refuse(FAILED, now, "there is no tokio runtime");
        };
        let (sender, pending) = watch::channel(None);
        state.under_way.insert(key, pending.clone());
        // Before the task exists: a runtime that shuts down drops it at once, and that takes the lock.
        drop(state);
        let question = Question {
            questions: Arc::clone(self),
            key,
        };
        let token = token.to_owned();
        // Without a parent: others may wait for the answer, and it comes without the request that asked.
        let issuer = self.endpoint.issuer();
        let span =
            tracing::debug_span!(target: "tower_fapi", parent: None, "fapi.introspect", issuer);
        let asking = async move {
            let outcome = question.answer(&token, now).await;
            // No longer under way before anyone learns of it, so that room is there for who acts on the answer.
            drop(question);
            sender.send_replace(Some(outcome));
        };
        runtime.spawn(asking.instrument(span));
        wait(pending)
    }

    fn refuse<T>(
        &self,
        unavailable: Unavailable,
        now: UnixTime,
        problem: &str,
    ) -> Answer<Result<T, Unavailable>> {
        if let Line::Write { left_out } = self.lines.not_asked.line(now) {
            let issuer = self.endpoint.issuer();
            tracing::warn!(target: "tower_fapi", issuer, problem, left_out, "not asked about a token");
        }
        Answer::Now(Err(unavailable))
    }

    fn log(&self, problem: &Problem) {
        let now = (self.clock)();
        let issuer = self.endpoint.issuer();
        if let Problem::Credentials(status) = problem {
            if let Line::Write { left_out } = self.lines.credentials_refused.line(now) {
                tracing::error!(
                    target: "tower_fapi", issuer, status, left_out,
                    "the introspection endpoint refuses our own credentials: no request can be decided"
                );
            }
        } else if let Line::Write { left_out } = self.lines.not_answered.line(now) {
            tracing::warn!(
                target: "tower_fapi", issuer, %problem, left_out, "no introspection response"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No invariant spans the places that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way. Dropped, it is not: also where its task panics or its runtime ends.
struct Question {
    questions: Arc<Questions>,
    key: Key,
}

impl Question {
    async fn answer(&self, token: &str, asked: UnixTime) -> Outcome {
        let began = Stopwatch::start();
        let counts = &self.questions.counts;
        match self.questions.endpoint.ask(token, asked).await {
            Ok(body) => {
                counts.asked(Introspection::Answered, began);
                let body = Arc::new(body);
                let mut state = self.questions.state();
                state.answers.insert(self.key, &body, asked);
                Ok(body)
            }
            Err(problem) => {
                let outcome = match problem {
                    Problem::Timeout => Introspection::TimedOut,
                    Problem::Credentials(_) => Introspection::CredentialsRefused,
                    _ => Introspection::Failed,
                };
                counts.asked(outcome, began);
                self.questions.log(&problem);
                Err(FAILED)
            }
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.questions.state().under_way.remove(&self.key);
    }
}

fn wait(mut pending: Pending) -> Answer<Result<IntrospectionBody, Unavailable>> {
    Answer::Later(Box::pin(async move {
        let outcome = match pending.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            // The task is gone without having answered.
            Err(_) => None,
        };
        outcome
            .unwrap_or(Err(FAILED))
            .map(|body| IntrospectionBody::clone(&body))
    }))
}
