//! The keys of one issuer, fetched.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::config::{ConfigError, IssuerConfig};
use fapi_core::fetch::{
    IssuerMetadata, Next, Schedule, Times, freshness, is_json, metadata_addresses,
};
use fapi_core::{KeySet, Unavailable};

use super::shared::{Record, Shelf};
use super::{Asked, Surroundings};
use crate::call::{Address, Answer, Problem, receive};
use crate::host::{Failure, Host};

const ACCEPTED: &str = "application/json, application/jwk-set+json";

/// What a worker that fetches may take longer than the fetch itself, before another one fetches instead.
const LEASE_MARGIN: Duration = Duration::from_secs(2);

/// The keys of one issuer.
pub(crate) struct Fetched<H> {
    issuer: Box<str>,
    place: Place,
    surroundings: Surroundings<H>,
    shelf: Shelf,
    /// The shared record as this worker has seen it last.
    seen: Record,
    /// Its keys, once their text was read.
    keys: Option<Arc<KeySet>>,
    /// A request asked for a fetch.
    wanted: bool,
    /// A fetch has ended, and nobody has told the requests that wait for it.
    ended: bool,
    running: Option<Running>,
}

/// Where the keys are, or where that is written.
enum Place {
    JwksUri(Address),
    /// Metadata of RFC 8414, then of OpenID Connect Discovery.
    Metadata([Address; 2]),
}

/// A fetch of this worker.
struct Running {
    stage: Stage,
    asked: Duration,
}

enum Stage {
    OauthMetadata,
    OpenidMetadata,
    KeySet,
}

/// What the answer to a call of ours led to.
pub(crate) enum Progress {
    /// Another call was made, with this number.
    Calls(u32),
    /// The fetch has ended.
    Ended(Result<(), Problem>),
}

impl<H: Host> Fetched<H> {
    pub(crate) fn new(
        issuer: &IssuerConfig,
        surroundings: Surroundings<H>,
        field: &str,
    ) -> Result<Self, ConfigError> {
        let name = &issuer.issuer;
        let (clusters, http) = (&surroundings.clusters, surroundings.http);
        let wrong = || ConfigError::invalid(field, "must be an https address that can be fetched");
        let address = |text: &str| {
            let address = Address::parse(text, http).ok_or_else(wrong)?;
            clusters.require(&address, field)?;
            Ok(address)
        };
        let place = match &issuer.jwks_uri {
            Some(uri) => Place::JwksUri(address(uri)?),
            None => {
                let [oauth, openid] = metadata_addresses(name).ok_or_else(wrong)?;
                Place::Metadata([address(&oauth)?, address(&openid)?])
            }
        };
        let uri = issuer.jwks_uri.as_deref().unwrap_or_default();
        Ok(Self {
            issuer: name.as_str().into(),
            place,
            // Configurations that find one issuer's keys in different places do not mix.
            shelf: Shelf::new(&surroundings.area, &format!("{name} {uri}")),
            surroundings,
            seen: Record::default(),
            keys: None,
            wanted: false,
            ended: false,
            running: None,
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys that may be used now.
    pub(crate) fn usable(&self, now: Duration) -> Option<&Arc<KeySet>> {
        // The schedule's own rule, without making one: this is asked for each request.
        if now < self.seen.times.fresh_until {
            return self.keys.as_ref();
        }
        let schedule = self.schedule();
        schedule.usable(now).is_some().then_some(())?;
        self.keys.as_ref()
    }

    pub(crate) fn outcome(
        &self,
        kid: Option<&str>,
        now: Duration,
    ) -> Result<Arc<KeySet>, Unavailable> {
        self.schedule().outcome(kid, now)
    }

    /// What a request that needs keys is to do.
    pub(crate) fn ask(&mut self, kid: Option<&str>, now: Duration) -> Asked {
        // Another worker may have fetched what is missing.
        self.look();
        if self.running.is_some() || self.wanted || self.seen.lease_until > now {
            let known =
                kid.is_some_and(|kid| self.usable(now).is_some_and(|keys| keys.has_kid(kid)));
            return if known {
                Asked::Answer(self.outcome(kid, now))
            } else {
                Asked::Wait
            };
        }
        let mut schedule = self.schedule();
        match schedule.next(kid, now) {
            Next::Answer(answer) | Next::CoolDown(answer) => Asked::Answer(answer),
            Next::Fetch => match self.take_allowance(kid, now) {
                Ok(true) => {
                    self.wanted = true;
                    Asked::Wait
                }
                Ok(false) | Err(_) => Asked::Answer(self.outcome(kid, now)),
            },
        }
    }

    /// Looks for what other workers have fetched. Answers whether a fetch has ended since this was asked last.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.look();
        std::mem::take(&mut self.ended)
    }

    fn look(&mut self) {
        let Ok(record) = self.shelf.read(&self.surroundings.host) else {
            return;
        };
        let ends = |times: &Times| (times.failures, times.retry_at, times.fresh_until);
        if record.text != self.seen.text {
            let Some(text) = self.shelf.text(&self.surroundings.host, record.text) else {
                // It is being written.
                return;
            };
            let Ok(keys) = KeySet::from_json(&text) else {
                return;
            };
            self.keys = Some(Arc::new(keys));
        }
        let ended = record.text != self.seen.text || ends(&record.times) != ends(&self.seen.times);
        self.seen = record;
        if ended {
            self.wanted = false;
            self.ended = true;
        }
    }

    /// Starts a fetch, if one is due and no other worker fetches. Answers the call's number.
    pub(crate) fn start_if_due(&mut self, now: Duration) -> Option<Result<u32, Problem>> {
        let schedule = self.schedule();
        let missing = self.keys.is_none() && schedule.may_fetch(now);
        let due = self.wanted || missing || schedule.refresh_is_due(now);
        if self.running.is_some() || !due {
            return None;
        }
        let lease = now
            .saturating_add(self.surroundings.timeout)
            .saturating_add(LEASE_MARGIN);
        let taken = self.shelf.change(&self.surroundings.host, |record| {
            (record.lease_until <= now).then_some(Record {
                lease_until: lease,
                ..record
            })
        });
        let Ok(Some(record)) = taken else {
            return None;
        };
        self.seen.lease_until = record.lease_until;
        self.wanted = false;
        let stage = match &self.place {
            Place::JwksUri(_) => Stage::KeySet,
            Place::Metadata(_) => Stage::OauthMetadata,
        };
        self.running = Some(Running { stage, asked: now });
        let address = match &self.place {
            Place::JwksUri(address) | Place::Metadata([address, _]) => address.clone(),
        };
        Some(match self.call(&address, now) {
            Ok(token) => Ok(token),
            Err(problem) => Err(self.fail(problem, now)),
        })
    }

    /// Goes on with the answer to the call, which has `size` bytes of body.
    pub(crate) fn answered(&mut self, size: usize, now: Duration) -> Progress {
        match self.go_on(size, now) {
            Ok(Some(token)) => Progress::Calls(token),
            Ok(None) => Progress::Ended(Ok(())),
            Err(problem) => Progress::Ended(Err(self.fail(problem, now))),
        }
    }

    fn go_on(&mut self, size: usize, now: Duration) -> Result<Option<u32>, Problem> {
        let running = self.running.as_mut().ok_or(Problem::NoAnswer)?;
        let limit = match running.stage {
            Stage::KeySet => self.surroundings.key_set_bytes,
            Stage::OauthMetadata | Stage::OpenidMetadata => self.surroundings.metadata_bytes,
        };
        let answer = receive(&self.surroundings.host, size, limit);
        match (&running.stage, answer, &self.place) {
            (Stage::OauthMetadata, Err(Problem::Status(404)), Place::Metadata([_, openid])) => {
                running.stage = Stage::OpenidMetadata;
                let openid = openid.clone();
                self.call(&openid, now).map(Some)
            }
            (_, Err(problem), _) => Err(problem),
            (_, Ok(answer), _)
                if !is_json(answer.headers.only("content-type").unwrap_or_default()) =>
            {
                Err(Problem::ContentType)
            }
            (Stage::KeySet, Ok(answer), _) => {
                let asked = running.asked;
                self.succeed(&answer, asked)?;
                Ok(None)
            }
            (Stage::OauthMetadata | Stage::OpenidMetadata, Ok(answer), _) => {
                running.stage = Stage::KeySet;
                let metadata = IssuerMetadata::read(&answer.body, &self.issuer)
                    .map_err(|_| Problem::Document)?;
                let address = Address::parse(&metadata.jwks_uri, self.surroundings.http)
                    .ok_or(Problem::Address)?;
                self.call(&address, now).map(Some)
            }
        }
    }

    fn call(&self, address: &Address, now: Duration) -> Result<u32, Problem> {
        let Surroundings {
            host,
            clusters,
            timeout,
            ..
        } = &self.surroundings;
        let asked = self.running.as_ref().map_or(now, |running| running.asked);
        // All calls of one fetch together take no longer than one.
        let left = timeout
            .checked_sub(now.saturating_sub(asked))
            .filter(|left| !left.is_zero())
            .ok_or(Problem::NoAnswer)?;
        clusters.send(host, address, ACCEPTED, None, left)
    }

    fn succeed(&mut self, answer: &Answer, asked: Duration) -> Result<(), Problem> {
        let keys = KeySet::from_json(&answer.body).map_err(|_| Problem::Document)?;
        let lifetime = freshness(
            answer.headers.all("cache-control"),
            answer.headers.all("age").next(),
        );
        let host = &self.surroundings.host;
        let mut name = [0; 8];
        host.random(&mut name).map_err(|_| Problem::Document)?;
        let name = u64::from_be_bytes(name);
        let keys = Arc::new(keys);
        let timeout = self.surroundings.timeout;
        let shared = self
            .shelf
            .put_text(host, name, &answer.body)
            .and_then(|()| {
                self.shelf.change(host, |record| {
                    let mut schedule = Schedule::restore(None, record.times, timeout);
                    schedule.succeeded(Arc::clone(&keys), lifetime, asked);
                    Some(Record {
                        lease_until: Duration::ZERO,
                        text: name,
                        times: *schedule.times(),
                    })
                })
            });
        self.running = None;
        match shared {
            Ok(record) => {
                self.seen = record.unwrap_or(self.seen);
                self.keys = Some(keys);
                Ok(())
            }
            // Another worker has taken over: its keys are as good.
            Err(_) => {
                self.look();
                Ok(())
            }
        }
    }

    fn fail(&mut self, problem: Problem, now: Duration) -> Problem {
        self.running = None;
        let timeout = self.surroundings.timeout;
        let changed = self.shelf.change(&self.surroundings.host, |record| {
            let mut schedule = Schedule::restore(None, record.times, timeout);
            schedule.failed(now);
            Some(Record {
                lease_until: Duration::ZERO,
                times: *schedule.times(),
                ..record
            })
        });
        if let Ok(Some(record)) = changed
            && record.text == self.seen.text
        {
            self.seen = record;
        }
        problem
    }

    /// Uses up an allowance for all workers, if there is still one.
    fn take_allowance(&self, kid: Option<&str>, now: Duration) -> Result<bool, Failure> {
        let changed = self.shelf.change(&self.surroundings.host, |record| {
            let mut schedule =
                Schedule::restore(self.keys.clone(), record.times, self.surroundings.timeout);
            let fetch = matches!(schedule.next(kid, now), Next::Fetch);
            fetch.then_some(Record {
                times: *schedule.times(),
                ..record
            })
        })?;
        Ok(changed.is_some())
    }

    fn schedule(&self) -> Schedule {
        Schedule::restore(
            self.keys.clone(),
            self.seen.times,
            self.surroundings.timeout,
        )
    }
}
