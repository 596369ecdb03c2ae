//! Drives the core's step machine, and carries its verdicts out.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::dpop::Epoch;
use fapi_core::{
    Accepted, Denial, IntrospectionResponse, KeySet, NeedIntrospection, NeedKeys, NeedReplayCheck,
    ReplayAnswer, ReplayOutcome, Step, Unavailable, UnixTime, Verdict,
};

use crate::answer::{self, After};
use crate::config::seconds;
use crate::host::{Failure, Host, Level, Map};
use crate::introspect::Body;
use crate::keys::Asked;
use crate::plugin::{Arrival, CallFor, Caller, Pause, Plugin, Waiting};
use crate::stats::{Event, Outcome};

/// Too much is under way just now: a moment later there may be room.
const BUSY: Unavailable = Unavailable::retry_after_seconds(1);
/// The issuer does not answer.
const FAILED: Unavailable = Unavailable::retry_after_seconds(5);

/// Where a request stands.
pub(crate) enum Driven {
    Done(Verdict),
    Wait(Pause),
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on.
    Forward,
    /// It was answered.
    Answered,
    /// It waits.
    Paused,
}

impl<H: Host> Plugin<H> {
    /// Goes on as far as nothing has to be waited for. All of it happens at `now`: to ask for the time is a call of the
    /// host like any other.
    pub(crate) fn drive(
        &self,
        mut step: Step,
        stream: u32,
        caller: Caller,
        now: Duration,
    ) -> Driven {
        loop {
            let next = match step {
                Step::Done(verdict) => return Driven::Done(verdict),
                Step::NeedReplayCheck(need) => {
                    return Driven::Done(self.check_replay(need, seconds(now)));
                }
                Step::NeedKeys(need) => self.need_keys(need, now),
                Step::NeedIntrospection(need) => {
                    self.ask_issuer(need, stream, caller, seconds(now))
                }
            };
            step = match next {
                Ok(step) => step,
                Err(pause) => return Driven::Wait(pause),
            };
        }
    }

    fn need_keys(&self, need: NeedKeys, now: Duration) -> Result<Step, Pause> {
        let query = need.query();
        let mut keys = self.keys.borrow_mut();
        let Some(issuer) = keys.place_of(query.issuer) else {
            return Ok(need.resume(Err(FAILED), seconds(now)));
        };
        match keys.ask(issuer, query.kid, now) {
            Asked::Answer(answer) => Ok(need.resume(answer, seconds(now))),
            Asked::Wait => Err(Pause::Keys { need, issuer }),
        }
    }

    fn ask_issuer(
        &self,
        need: NeedIntrospection,
        stream: u32,
        caller: Caller,
        now: UnixTime,
    ) -> Result<Step, Pause> {
        let query = need.query();
        let issuer = self.keys.borrow().place_of(query.issuer);
        let endpoint =
            issuer.and_then(|place| Some((place, self.parts.endpoints.get(place)?.as_ref()?)));
        let Some((issuer, endpoint)) = endpoint else {
            // The core's configuration has an endpoint wherever it asks.
            return Ok(need.resume(Err(FAILED), now));
        };
        let mut calls = self.calls.borrow_mut();
        let asks = |call: &CallFor| matches!(call, CallFor::Introspection { issuer: place, .. } if *place == issuer);
        if calls.values().filter(|call| asks(call)).count() >= endpoint.max_in_flight {
            return Ok(need.resume(Err(BUSY), now));
        }
        let host = &self.parts.host;
        if caller == Caller::Root {
            // The answer is told to the context that the SDK takes for the caller.
            let _ = host.act_for(self.parts.root);
        }
        let asked = endpoint.ask(
            query.token,
            host,
            &self.parts.clusters,
            self.parts.timeout,
            now,
        );
        match asked {
            Ok(call) => {
                let by = caller;
                calls.insert(call, CallFor::Introspection { stream, issuer, by });
                Err(Pause::Introspection { need })
            }
            Err(problem) => {
                self.parts.stats.count(Event::IntrospectionFailed);
                let name = endpoint.issuer();
                let line =
                    format!("fapi: no introspection response: issuer={name} problem=\"{problem}\"");
                host.log(Level::Warn, &line);
                Ok(need.resume(Err(FAILED), now))
            }
        }
    }

    /// The answer to an introspection, which has `size` bytes of body.
    pub(crate) fn introspected(
        &self,
        need: NeedIntrospection,
        issuer: usize,
        size: usize,
    ) -> Result<Step, Pause> {
        let Some(Some(endpoint)) = self.parts.endpoints.get(issuer) else {
            return Ok(need.resume(Err(FAILED), self.seconds()));
        };
        match endpoint.read(&self.parts.host, size) {
            Ok(Body::Json(json)) => {
                self.parts.stats.count(Event::Introspected);
                let response = IntrospectionResponse::Json(&json);
                Ok(need.resume(Ok(response), self.seconds()))
            }
            Ok(Body::Jwt(text)) => {
                self.parts.stats.count(Event::Introspected);
                self.open_signed(need, text, issuer)
            }
            Err(problem) => {
                self.parts.stats.count(Event::IntrospectionFailed);
                let name = endpoint.issuer();
                let line =
                    format!("fapi: no introspection response: issuer={name} problem=\"{problem}\"");
                self.parts.host.log(Level::Warn, &line);
                Ok(need.resume(Err(FAILED), self.seconds()))
            }
        }
    }

    /// A signed introspection response: with the issuer's keys at hand, fetched anew if they lack the one it names.
    fn open_signed(
        &self,
        need: NeedIntrospection,
        text: String,
        issuer: usize,
    ) -> Result<Step, Pause> {
        let kid = IntrospectionResponse::kid_of(&text);
        let now = self.now();
        let mut keys = self.keys.borrow_mut();
        let known = keys
            .outcome(issuer, None, now)
            .ok()
            .filter(|keys| kid.as_deref().is_none_or(|kid| keys.has_kid(kid)));
        let asked = match known {
            Some(keys) => Asked::Answer(Ok(keys)),
            None => keys.ask(issuer, kid.as_deref(), now),
        };
        match asked {
            Asked::Answer(keys) => Ok(self.with_answer_keys(need, &text, keys)),
            Asked::Wait => Err(Pause::AnswerKeys {
                need,
                text,
                kid,
                issuer,
            }),
        }
    }

    pub(crate) fn with_answer_keys(
        &self,
        need: NeedIntrospection,
        text: &str,
        keys: Result<Arc<KeySet>, Unavailable>,
    ) -> Step {
        let response = keys
            .as_deref()
            .map(|keys| IntrospectionResponse::Jwt { text, keys })
            .map_err(|unavailable| *unavailable);
        need.resume(response, self.seconds())
    }

    fn check_replay(&self, need: NeedReplayCheck, now: UnixTime) -> Verdict {
        let query = need.query();
        let mut quotas = self.quotas.borrow_mut();
        if let Err(exceeded) = quotas.check(query.issuer, query.client, query.thumbprint, now) {
            let answer = ReplayAnswer {
                outcome: ReplayOutcome::OverQuota(exceeded),
                epoch: self.epoch.get(),
            };
            return need.resume(Ok(answer), now);
        }
        let answer = self.parts.memory.insert(&query, now);
        if let Ok(ReplayAnswer { outcome, epoch }) = &answer {
            self.epoch.set(*epoch);
            if *outcome == ReplayOutcome::Fresh {
                quotas.record(query.issuer, query.client, query.thumbprint, now);
            }
        }
        need.resume(answer, now)
    }

    /// Has a request wait, or answers it if too many do.
    pub(crate) fn pause(&self, pause: Pause, stream: u32, arrival: Arrival) -> Fate {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= self.parts.max_paused {
            drop(waiting);
            let verdict = pause.give_up(BUSY, self);
            return self.carry_out(verdict, &arrival);
        }
        self.parts.stats.count(Event::Paused);
        // Longer than whatever it waits for can take.
        let patience = self.parts.timeout.saturating_mul(2);
        let waits = Waiting {
            until: self.now().saturating_add(patience),
            arrival,
            pause,
        };
        waiting.insert(stream, waits);
        Fate::Paused
    }

    /// Does what a verdict says. A request that cannot be changed as it must is answered instead.
    pub(crate) fn carry_out(&self, verdict: Verdict, arrival: &Arrival) -> Fate {
        let (host, stats) = (&self.parts.host, &self.parts.stats);
        let (after, done) = match verdict {
            Verdict::Accepted(accepted) => {
                let done = self.hand_over(&accepted);
                if done.is_ok() {
                    stats.accepted(&arrival.id);
                }
                (After::Nonce(accepted.nonce), done)
            }
            Verdict::Public => {
                stats.public(&arrival.id);
                (After::Untouched, Ok(()))
            }
            Verdict::Reported(denial) => {
                let challenge = self.challenge(&denial, arrival);
                let (reason, status) = (denial.reason(), challenge.status());
                stats.denied(Outcome::Reported, reason, status, &arrival.id);
                (After::Nonce(challenge.nonce().cloned()), Ok(()))
            }
            Verdict::Refused(denial) => {
                self.refuse(&denial, arrival);
                return Fate::Answered;
            }
        };
        let done =
            done.and_then(|()| host.set_header(Map::Request, answer::INTERACTION_ID, &arrival.id));
        if done.is_err() {
            // A credential might go upstream that must not, or a header of ours be missing.
            self.refuse(&broken(), arrival);
            return Fate::Answered;
        }
        arrival.after.replace(after);
        Fate::Forward
    }

    pub(crate) fn refuse(&self, denial: &Denial, arrival: &Arrival) {
        let challenge = self.challenge(denial, arrival);
        let (reason, status) = (denial.reason(), challenge.status());
        self.parts
            .stats
            .denied(Outcome::Refused, reason, status, &arrival.id);
        arrival.after.replace(After::Ours);
        let reply = answer::refusal(&challenge, arrival.protocol, &arrival.id);
        // If the request has gone there is nobody to answer. It stays paused in any case.
        let _ = self.parts.host.reply(&reply);
    }

    fn hand_over(&self, accepted: &Accepted) -> Result<(), Failure> {
        let host = &self.parts.host;
        if !self.parts.forward {
            host.remove_header(Map::Request, b"authorization")?;
            host.remove_header(Map::Request, b"dpop")?;
        }
        self.parts.claims.set(&accepted.access, host)
    }

    fn challenge(&self, denial: &Denial, arrival: &Arrival) -> fapi_core::Challenge {
        self.parts
            .verifier
            .challenge(denial, arrival.authority.as_deref())
    }

    pub(crate) fn set_epoch(&self, epoch: Epoch) {
        self.epoch.set(epoch);
    }
}

/// The host does not do what the decision depends on.
pub(crate) const fn broken() -> Denial {
    Denial::Unavailable(fapi_core::denial::Dependency::ReplayStore, BUSY)
}

impl Pause {
    /// The verdict without what is waited for.
    pub(crate) fn give_up<H: Host>(self, unavailable: Unavailable, plugin: &Plugin<H>) -> Verdict {
        let now = plugin.seconds();
        let step = match self {
            Self::Keys { need, .. } => need.resume(Err(unavailable), now),
            Self::Introspection { need } | Self::AnswerKeys { need, .. } => {
                need.resume(Err(unavailable), now)
            }
        };
        match step {
            Step::Done(verdict) => verdict,
            // Without an answer there is no next question.
            Step::NeedKeys(_) | Step::NeedIntrospection(_) | Step::NeedReplayCheck(_) => {
                Verdict::Refused(broken())
            }
        }
    }
}
