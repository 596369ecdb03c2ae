//! Requests that waited go on.

use fapi_core::{NeedIntrospection, Step, Unavailable};

use crate::drive::{Driven, Fate};
use crate::host::{Host, Level};
use crate::keys::Progress;
use crate::plugin::{Arrival, CallFor, Caller, Pause, Plugin, Waiting};
use crate::stats::Event;

impl<H: Host> Plugin<H> {
    /// Looks after keys and requests that wait. Called in the root context, every now and then.
    pub(crate) fn tick(&self) {
        self.parts.stats.refresh();
        if let Some(epoch) = self.parts.memory.epoch() {
            self.set_epoch(epoch);
        }
        let now = self.now();
        let (mut ended, mut started) = (Vec::new(), Vec::new());
        for (issuer, fetched) in self.keys.borrow_mut().fetched() {
            if fetched.has_ended() {
                ended.push(issuer);
            }
            if let Some(call) = fetched.start_if_due(now) {
                started.push((issuer, fetched.issuer().to_owned(), call));
            }
        }
        for (issuer, name, call) in started {
            match call {
                Ok(call) => {
                    self.calls.borrow_mut().insert(call, CallFor::Keys(issuer));
                }
                Err(problem) => {
                    self.tell_keys(&name, Err(problem));
                    ended.push(issuer);
                }
            }
        }
        for issuer in ended {
            self.resume_for_keys(issuer);
        }
        self.give_up_overdue();
    }

    /// The answer to a call of ours, told to the context `told`.
    pub(crate) fn call_answered(&self, call: u32, size: usize, told: Caller) {
        let whom = self.calls.borrow_mut().remove(&call);
        match whom {
            Some(CallFor::Keys(issuer)) => self.keys_answered(issuer, size),
            Some(CallFor::Introspection { stream, issuer, .. }) => {
                self.introspection_answered(stream, issuer, size, told);
            }
            // Of a configuration before this one.
            None => {}
        }
    }

    fn keys_answered(&self, issuer: usize, size: usize) {
        let now = self.now();
        let progress = {
            let mut keys = self.keys.borrow_mut();
            let fetched = keys.fetched().find(|(place, _)| *place == issuer);
            fetched.map(|(_, fetched)| (fetched.answered(size, now), fetched.issuer().to_owned()))
        };
        match progress {
            Some((Progress::Calls(call), _)) => {
                self.calls.borrow_mut().insert(call, CallFor::Keys(issuer));
            }
            Some((Progress::Ended(outcome), name)) => {
                self.tell_keys(&name, outcome);
                self.resume_for_keys(issuer);
            }
            None => {}
        }
    }

    fn tell_keys(&self, issuer: &str, outcome: Result<(), crate::call::Problem>) {
        let (event, level, line) = match outcome {
            Ok(()) => (
                Event::KeysFetched,
                Level::Info,
                format!("fapi: fetched keys: issuer={issuer}"),
            ),
            Err(problem) => (
                Event::KeysFailed,
                Level::Warn,
                format!("fapi: could not fetch keys: issuer={issuer} problem=\"{problem}\""),
            ),
        };
        self.parts.stats.count(event);
        self.parts.host.log(level, &line);
    }

    fn introspection_answered(&self, stream: u32, issuer: usize, size: usize, told: Caller) {
        let waits = self.waiting.borrow_mut().remove(&stream);
        let Some(Waiting { arrival, pause, .. }) = waits else {
            return;
        };
        match pause {
            Pause::Introspection { need } => {
                // Before we act for the request: the answer belongs to the context that was told.
                let next = self.introspected(need, issuer, size);
                self.go_on(next, stream, arrival, told);
            }
            other => {
                let waits = Waiting {
                    until: self.now().saturating_add(self.parts.timeout),
                    arrival,
                    pause: other,
                };
                self.waiting.borrow_mut().insert(stream, waits);
            }
        }
    }

    /// Each request that waits for keys of this issuer goes on with those that are there now.
    fn resume_for_keys(&self, issuer: usize) {
        let waits_for = |pause: &Pause| match pause {
            Pause::Keys { issuer: place, .. } | Pause::AnswerKeys { issuer: place, .. } => {
                *place == issuer
            }
            Pause::Introspection { .. } => false,
        };
        for (stream, waits) in self.take(|waits| waits_for(&waits.pause)) {
            let Waiting { arrival, pause, .. } = waits;
            let now = self.now();
            let keys = |kid: Option<&str>| self.keys.borrow().outcome(issuer, kid, now);
            let step = match pause {
                Pause::Keys { need, .. } => {
                    let keys = keys(need.query().kid);
                    need.resume(keys, self.seconds())
                }
                Pause::AnswerKeys {
                    need, text, kid, ..
                } => self.with_answer_keys(need, &text, keys(kid.as_deref())),
                Pause::Introspection { need } => give_up(need, self),
            };
            self.go_on(Ok(step), stream, arrival, Caller::Root);
        }
    }

    fn give_up_overdue(&self) {
        let now = self.now();
        for (stream, waits) in self.take(|waits| waits.until <= now) {
            let Waiting { arrival, pause, .. } = waits;
            let verdict = pause.give_up(Unavailable::retry_after_seconds(1), self);
            self.go_on(Ok(Step::Done(verdict)), stream, arrival, Caller::Root);
        }
    }

    fn take(&self, wanted: impl Fn(&Waiting) -> bool) -> Vec<(u32, Waiting)> {
        let mut waiting = self.waiting.borrow_mut();
        let (taken, left) = std::mem::take(&mut *waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, waits)| wanted(waits));
        *waiting = left.into_iter().collect();
        taken
    }

    /// Goes on with a request that waited: it is answered, let through, or waits again.
    fn go_on(&self, next: Result<Step, Pause>, stream: u32, arrival: Arrival, caller: Caller) {
        let driven = match next {
            Ok(step) => self.drive(step, stream, caller, self.now()),
            Err(pause) => Driven::Wait(pause),
        };
        let host = &self.parts.host;
        // From the root context the calls would concern nobody.
        if host.act_for(stream).is_err() {
            return;
        }
        let fate = match driven {
            Driven::Done(verdict) => self.carry_out(verdict, &arrival),
            Driven::Wait(pause) => self.pause(pause, stream, arrival),
        };
        if fate == Fate::Forward {
            // The last call about this request.
            let _ = host.resume();
        }
    }
}

fn give_up<H: Host>(need: NeedIntrospection, plugin: &Plugin<H>) -> Step {
    need.resume(Err(Unavailable::retry_after_seconds(1)), plugin.seconds())
}
