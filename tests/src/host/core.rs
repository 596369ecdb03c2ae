//! The core alone, driven by hand.

use std::sync::Arc;

use fapi_core::dpop::{Epoch, NonceKeys, QuotaLimits, Quotas};
use fapi_core::{
    Facts, IntrospectionResponse, KeySet, KnownKeys, NeedReplayCheck, Policy, PresentedRequest,
    ReplayAnswer, ReplayOutcome, RequestKind, Step, Unavailable, UnixTime, Verdict, Verifier,
};
use tower_fapi::testing::TestClock;

use super::{Host, Parser, Store, introspect};
use crate::profile::{NONCE_KEY, Profile};
use crate::scene::NOW;
use crate::wire::{Answer, UpstreamView, WireRequest};

pub struct CoreHost {
    verifier: Arc<Verifier>,
    keys: Keys,
    store: Store,
    quotas: Quotas,
    clock: TestClock,
    profile: Profile,
}

struct Keys(Vec<(String, Arc<KeySet>)>);

impl KnownKeys for Keys {
    fn key_set(&self, issuer: &str) -> Option<Arc<KeySet>> {
        let found = self.0.iter().find(|(name, _)| name == issuer);
        found.map(|(_, keys)| Arc::clone(keys))
    }
}

impl CoreHost {
    pub fn new(profile: Profile) -> Self {
        let nonces = NonceKeys::new(&NONCE_KEY, []).expect("a nonce key");
        Self::with_nonce_keys(profile, nonces)
    }

    /// An instance with nonce keys of its own.
    pub fn with_nonce_keys(profile: Profile, nonces: NonceKeys) -> Self {
        let config = profile.config();
        let policy = Policy::new(&config).expect("a policy");
        let keys = config.issuers.iter().map(|issuer| {
            let jwks = issuer.jwks.as_ref().expect("keys in the configuration");
            let keys = KeySet::from_json(jwks.as_json().as_bytes()).expect("a key set");
            (issuer.issuer.clone(), Arc::new(keys))
        });
        let replay = &config.dpop.replay;
        let limits = QuotaLimits {
            per_client: u64::from(replay.capacity) * u64::from(replay.per_client_percent) / 100,
            per_key: replay.effective_per_key().into(),
        };
        let quotas = Quotas::new(limits, policy.replay_lifetime_seconds(), [4; 16]);
        Self {
            keys: Keys(keys.collect()),
            verifier: Verifier::new(policy, &fapi_crypto::PROVIDER, nonces),
            store: Store::new(profile),
            quotas,
            clock: TestClock::at(NOW),
            profile,
        }
    }

    fn verdict(&mut self, request: &PresentedRequest<'_>) -> Verdict {
        let now = self.clock.now();
        let facts = Facts {
            keys: &self.keys,
            epoch: Some(self.store.epoch()),
        };
        let mut step = self.verifier.begin(request, &facts, now);
        loop {
            step = match step {
                Step::Done(verdict) => return verdict,
                Step::NeedReplayCheck(need) => return self.check_replay(need, now),
                Step::NeedKeys(need) => {
                    let keys = self.keys.key_set(need.query().issuer);
                    need.resume(keys.ok_or(Unavailable::retry_after_seconds(60)), now)
                }
                Step::NeedIntrospection(need) => {
                    let response = introspect(self.profile, need.query().token);
                    {
                        let response = response.as_deref().map(IntrospectionResponse::Json);
                        need.resume(response.map_err(|error| *error), now)
                    }
                }
            };
        }
    }

    fn check_replay(&mut self, need: NeedReplayCheck, now: UnixTime) -> Verdict {
        let query = need.query();
        let quota = self
            .quotas
            .check(query.issuer, query.client, query.thumbprint, now);
        if let Err(exceeded) = quota {
            let answer = ReplayAnswer {
                outcome: ReplayOutcome::OverQuota(exceeded),
                epoch: Epoch::new(0, now),
            };
            return need.resume(Ok(answer), now);
        }
        let answer = self.store.insert(query, now);
        if answer.is_ok_and(|answer| answer.outcome == ReplayOutcome::Fresh) {
            self.quotas
                .record(query.issuer, query.client, query.thumbprint, now);
        }
        need.resume(answer, now)
    }
}

impl Host for CoreHost {
    fn send(&mut self, request: &WireRequest) -> Answer {
        let target = Target::of(request);
        let hosts: Vec<&[u8]> = request.lines("Host").collect();
        let host = match hosts[..] {
            [host] => str::from_utf8(host).ok(),
            _ => None,
        };
        let presented = PresentedRequest {
            method: &request.method,
            authority: target.authority.as_deref().or(host),
            path: &target.path,
            query: target.query.as_deref(),
            authorization: request.lines("Authorization").collect(),
            dpop: request.lines("DPoP").collect(),
            client_certificate: None,
            kind: RequestKind::Ordinary,
        };
        let verdict = self.verdict(&presented);
        let mut answer = Answer::default();
        let mut header = |name: &str, value: &str| {
            let line = (name.to_owned(), value.as_bytes().to_vec());
            answer.headers.push(line);
        };
        match verdict {
            Verdict::Accepted(accepted) => {
                if let Some(nonce) = &accepted.nonce {
                    header("dpop-nonce", nonce.as_str());
                }
                answer.status = 200;
                answer.upstream = Some(UpstreamView {
                    method: request.method.clone(),
                    subject: accepted.access.subject().map(Into::into),
                    client_id: accepted.access.client_id().map(Into::into),
                    // The core has no part in it.
                    body: request.body.clone(),
                });
            }
            Verdict::Reported(_) | Verdict::Public => unreachable!("no profile lets these happen"),
            Verdict::Refused(denial) => {
                let challenge = self.verifier.challenge(&denial, presented.authority);
                for value in challenge.www_authenticate() {
                    header("www-authenticate", value);
                }
                if let Some(nonce) = challenge.nonce() {
                    header("dpop-nonce", nonce.as_str());
                }
                if let Some(seconds) = challenge.retry_after() {
                    header("retry-after", &seconds.to_string());
                }
                answer.status = challenge.status();
                answer.reason = Some(denial.reason().code().to_owned());
            }
        }
        answer
    }

    fn clock(&self) -> Option<&TestClock> {
        Some(&self.clock)
    }

    fn store_calls(&self) -> Option<u64> {
        Some(self.store.calls())
    }

    fn parser(&self) -> Parser {
        Parser::None
    }
}

/// The parts of a request target (RFC 9112 §3.2).
struct Target {
    authority: Option<String>,
    path: String,
    query: Option<String>,
}

impl Target {
    fn of(request: &WireRequest) -> Self {
        let text = String::from_utf8_lossy(&request.target).into_owned();
        if request.method == "CONNECT" {
            return Self {
                authority: Some(text.clone()),
                path: text,
                query: None,
            };
        }
        let (authority, rest) = match text.split_once("://") {
            Some((_, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority.to_owned()), path.to_owned())
            }
            None => (None, text),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (rest, None),
        };
        Self {
            authority,
            path,
            query,
        }
    }
}
