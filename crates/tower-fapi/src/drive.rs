//! Drives the core's step machine with the ports.

use std::sync::Arc;

use fapi_core::dpop::Epoch;
use fapi_core::mtls::CertificatePolicy;
use fapi_core::{
    Facts, IntrospectionResponse, KeySet, KeysQuery, KnownKeys, NeedIntrospection, NeedReplayCheck,
    PresentedRequest, ReplayAnswer, ReplayOutcome, Step, Unavailable, UnixTime, Verdict, Verifier,
};
use tracing::{Instrument as _, Span};

use crate::assemble::Described;
use crate::interaction::InteractionId;
use crate::measure::{self, Replay};
use crate::memory::Memory;
use crate::ports::{Answer, IntrospectionBody, Introspector, KeySource, PortFuture};
use crate::report::Refusals;
use crate::settle::Settling;

/// Tells the time.
pub(crate) type Clock = dyn Fn() -> UnixTime + Send + Sync;

/// Everything that the services of one layer share.
pub(crate) struct Shared {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) keys: Arc<dyn KeySource>,
    pub(crate) introspector: Option<Arc<dyn Introspector>>,
    pub(crate) memory: Memory,
    /// Where client certificates come from, if tokens may be bound to them.
    pub(crate) certificates: Option<CertificatePolicy>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) described: Described,
}

/// Where a verdict stands.
pub(crate) enum Driven {
    Done(Verdict),
    Waiting(PortFuture<Verdict>),
}

impl Shared {
    /// Decides about a request, at once if nothing has to be waited for.
    pub(crate) fn decide(
        self: &Arc<Self>,
        request: &PresentedRequest<'_>,
        id: &InteractionId,
    ) -> Driven {
        let facts = Facts {
            keys: &AtHand(&*self.keys),
            epoch: self.memory.epoch(),
        };
        let mut step = self.verifier.begin(request, &facts, (self.clock)());
        loop {
            match self.answer(step, id) {
                Answered::Done(verdict) => return Driven::Done(verdict),
                Answered::Next(next) => step = next,
                Answered::Wait(next) => return Driven::Waiting(self.wait(next, id.clone())),
            }
        }
    }

    /// Goes on in a future of its own.
    fn wait(
        self: &Arc<Self>,
        mut next: PortFuture<Answered>,
        id: InteractionId,
    ) -> PortFuture<Verdict> {
        let shared = Arc::clone(self);
        Box::pin(async move {
            let mut answered = next.await;
            loop {
                match answered {
                    Answered::Done(verdict) => return verdict,
                    Answered::Next(step) => answered = shared.answer(step, &id),
                    Answered::Wait(later) => {
                        next = later;
                        answered = next.await;
                    }
                }
            }
        })
    }

    /// Answers one question of the core.
    fn answer(self: &Arc<Self>, step: Step, id: &InteractionId) -> Answered {
        match step {
            Step::Done(verdict) => Answered::Done(verdict),
            Step::NeedReplayCheck(need) => self.check_replay(need, id),
            Step::NeedKeys(need) => {
                let answer = self.keys.fetch(need.query());
                self.then(answer, Wait::Keys, id, |keys, now| {
                    Answered::Next(need.resume(keys, now))
                })
            }
            Step::NeedIntrospection(need) => {
                let answer = match &self.introspector {
                    Some(introspector) => introspector.introspect(need.query()),
                    // Construction refuses reference tokens without an introspector.
                    None => Answer::Now(Err(Unavailable::retry_after_seconds(60))),
                };
                let shared = Arc::clone(self);
                let of = id.clone();
                self.then(
                    answer,
                    Wait::Introspection,
                    id,
                    move |response, now| match response {
                        Ok(IntrospectionBody::Json(json)) => {
                            let response = IntrospectionResponse::Json(&json);
                            Answered::Next(need.resume(Ok(response), now))
                        }
                        Ok(IntrospectionBody::Jwt(text)) => shared.open_signed(need, text, &of),
                        Err(unavailable) => Answered::Next(need.resume(Err(unavailable), now)),
                    },
                )
            }
        }
    }

    /// A signed introspection response: with the issuer's keys at hand, fetched anew if they lack the one it names.
    fn open_signed(
        self: &Arc<Self>,
        need: NeedIntrospection,
        text: String,
        id: &InteractionId,
    ) -> Answered {
        let issuer = need.query().issuer.to_owned();
        let kid = IntrospectionResponse::kid_of(&text);
        let has_key = |keys: &Arc<KeySet>| kid.as_deref().is_none_or(|kid| keys.has_kid(kid));
        let keys = match self.keys.known(&issuer).filter(has_key) {
            Some(keys) => Answer::Now(Ok(keys)),
            None => self.keys.fetch(KeysQuery {
                issuer: &issuer,
                kid: kid.as_deref(),
            }),
        };
        self.then(keys, Wait::Keys, id, move |keys, now| {
            let response = keys
                .as_deref()
                .map(|keys| IntrospectionResponse::Jwt { text: &text, keys });
            Answered::Next(need.resume(response.map_err(|unavailable| *unavailable), now))
        })
    }

    fn check_replay(self: &Arc<Self>, need: NeedReplayCheck, id: &InteractionId) -> Answered {
        let now = (self.clock)();
        let query = need.query();
        let checked = self
            .memory
            .quotas()
            .check(query.issuer, query.client, query.thumbprint, now);
        if let Err(exceeded) = checked {
            measure::replay(Replay::OverQuota);
            let answer = ReplayAnswer {
                outcome: ReplayOutcome::OverQuota(exceeded),
                epoch: self.memory.epoch().unwrap_or(Epoch::new(0, now)),
            };
            return Answered::Done(need.resume(Ok(answer), now));
        }
        match self.memory.store.insert(query, now) {
            Answer::Now(answer) => self.checked(need, answer),
            Answer::Later(answer) => {
                let shared = Arc::clone(self);
                let settling = Settling::new(shared, need, answer);
                let settling = settling.instrument(Wait::ReplayStore.span(id));
                Answered::Wait(Box::pin(async move {
                    let (shared, need, answer) = settling.await;
                    shared.checked(need, answer)
                }))
            }
        }
    }

    /// Goes on with the store's answer.
    fn checked(
        &self,
        need: NeedReplayCheck,
        answer: Result<ReplayAnswer, Unavailable>,
    ) -> Answered {
        let now = (self.clock)();
        self.count(&need, &answer, now);
        let answer = answer.map(|answer| ReplayAnswer {
            epoch: self.memory.bound(answer.epoch),
            ..answer
        });
        Answered::Done(need.resume(answer, now))
    }

    /// Counts an insertion on the account of the client and the key.
    ///
    /// Only what took room: a captured proof that is sent again and again is `Seen`, and costs its owner nothing.
    pub(crate) fn count(
        &self,
        need: &NeedReplayCheck,
        answer: &Result<ReplayAnswer, Unavailable>,
        now: UnixTime,
    ) {
        measure::replay(Replay::of(answer));
        let fresh = |answer: &ReplayAnswer| answer.outcome == ReplayOutcome::Fresh;
        if answer.as_ref().is_ok_and(fresh) {
            let query = need.query();
            let mut quotas = self.memory.quotas();
            quotas.record(query.issuer, query.client, query.thumbprint, now);
        }
    }

    /// Passes an answer on, now or when it comes, with the time of then.
    fn then<T: Send + 'static>(
        self: &Arc<Self>,
        answer: Answer<T>,
        wait: Wait,
        id: &InteractionId,
        resume: impl FnOnce(T, UnixTime) -> Answered + Send + 'static,
    ) -> Answered {
        match answer {
            Answer::Now(answer) => resume(answer, (self.clock)()),
            Answer::Later(answer) => {
                let shared = Arc::clone(self);
                let answer = answer.instrument(wait.span(id));
                Answered::Wait(Box::pin(async move {
                    let answer = answer.await;
                    resume(answer, (shared.clock)())
                }))
            }
        }
    }
}

enum Answered {
    Done(Verdict),
    Next(Step),
    Wait(PortFuture<Answered>),
}

/// What a request waits for.
#[derive(Clone, Copy)]
enum Wait {
    Keys,
    Introspection,
    ReplayStore,
}

impl Wait {
    /// The span of one wait: what is logged inside is about this request.
    fn span(self, id: &InteractionId) -> Span {
        let wait = match self {
            Self::Keys => "keys",
            Self::Introspection => "introspection",
            Self::ReplayStore => "replay_store",
        };
        let interaction_id = id.as_str();
        tracing::debug_span!(target: "tower_fapi", "fapi.wait", interaction_id, wait)
    }
}

impl Replay {
    fn of(answer: &Result<ReplayAnswer, Unavailable>) -> Self {
        match answer.as_ref().map(|answer| answer.outcome) {
            Ok(ReplayOutcome::Fresh) => Self::Fresh,
            Ok(ReplayOutcome::Seen) => Self::Seen,
            Ok(ReplayOutcome::Full) => Self::Full,
            Ok(ReplayOutcome::Forgotten) => Self::Forgotten,
            Ok(ReplayOutcome::OverQuota(_)) => Self::OverQuota,
            Err(_) => Self::Unavailable,
        }
    }
}

/// The key source, as the core sees it.
struct AtHand<'a>(&'a dyn KeySource);

impl KnownKeys for AtHand<'_> {
    fn key_set(&self, issuer: &str) -> Option<Arc<KeySet>> {
        self.0.known(issuer)
    }
}
