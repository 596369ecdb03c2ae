//! The core alone, driven by hand.

use std::sync::Arc;

use fapi_core::dpop::{Epoch, NonceKeys, QuotaLimits, Quotas};
use fapi_core::mtls::CertificatePolicy;
use fapi_core::token::CertificateThumbprint;
use fapi_core::{
    Facts, IntrospectionResponse, KeySet, KeysQuery, KnownKeys, NeedIntrospection, NeedReplayCheck,
    Policy, PresentedRequest, ReplayAnswer, ReplayOutcome, RequestKind, Step, Unavailable,
    UnixTime, Verdict, Verifier,
};
use tower_fapi::ports::IntrospectionBody;
use tower_fapi::testing::TestClock;

use super::{Host, Parser, Store};
use crate::introspection::Reply;
use crate::keys;
use crate::profile::{NONCE_KEY, Profile};
use crate::scene::begin;
use crate::wire::{Answer, UpstreamView, WireRequest};

pub struct CoreHost {
    verifier: Arc<Verifier>,
    keys: Keys,
    store: Store,
    quotas: Quotas,
    certificates: Option<CertificatePolicy>,
    clock: TestClock,
    profile: Profile,
}

struct Keys(Vec<(String, Arc<KeySet>)>, Profile);

impl KnownKeys for Keys {
    fn key_set(&self, issuer: &str) -> Option<Arc<KeySet>> {
        if self.1 == Profile::LateKeys {
            return keys::known(issuer);
        }
        let found = self.0.iter().find(|(name, _)| name == issuer);
        found.map(|(_, keys)| Arc::clone(keys))
    }
}

impl Keys {
    fn fetch(&self, query: KeysQuery<'_>) -> Result<Arc<KeySet>, Unavailable> {
        if self.1 == Profile::LateKeys {
            return keys::fetched(query);
        }
        // Keys of the configuration: there is nothing newer.
        let keys = self.key_set(query.issuer);
        keys.ok_or(Unavailable::retry_after_seconds(60))
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
            keys: Keys(keys.collect(), profile),
            certificates: config.mtls.as_ref().map(CertificatePolicy::new),
            verifier: Verifier::new(policy, &fapi_crypto::PROVIDER, nonces),
            store: Store::new(profile),
            quotas,
            clock: TestClock::at(begin()),
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
                    let keys = self.keys.fetch(need.query());
                    need.resume(keys, now)
                }
                Step::NeedIntrospection(need) => self.introspect(need, now),
            };
        }
    }

    fn introspect(&self, need: NeedIntrospection, now: UnixTime) -> Step {
        let query = need.query();
        let keys = self.keys.key_set(query.issuer).expect("the issuer's keys");
        let body = Reply::about(self.profile, query.token).into_body();
        let response = match &body {
            Ok(IntrospectionBody::Json(json)) => Ok(IntrospectionResponse::Json(json)),
            Ok(IntrospectionBody::Jwt(text)) => {
                Ok(IntrospectionResponse::Jwt { text, keys: &keys })
            }
            Err(unavailable) => Err(*unavailable),
        };
        need.resume(response, now)
    }

    fn certificate(&self, request: &WireRequest) -> Option<CertificateThumbprint> {
        let policy = self.certificates.as_ref()?;
        let lines = policy.header().into_iter();
        let presented = policy.presented(
            &request.connection,
            lines.flat_map(|name| request.lines(name)),
        );
        presented.certificate().copied()
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
            client_certificate: self.certificate(request),
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
                    subject: accepted.access.subject().map(Into::into),
                    client_id: accepted.access.client_id().map(Into::into),
                    ..UpstreamView::nameless(request)
                });
            }
            Verdict::Public => {
                answer.status = 200;
                answer.upstream = Some(UpstreamView::nameless(request));
            }
            Verdict::Reported(denial) => {
                let challenge = self.verifier.challenge(&denial, presented.authority);
                if let Some(nonce) = challenge.nonce() {
                    header("dpop-nonce", nonce.as_str());
                }
                answer.status = 200;
                answer.upstream = Some(UpstreamView {
                    reported: Some(denial.reason().code().to_owned()),
                    ..UpstreamView::nameless(request)
                });
            }
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
                answer.grpc = request.is_grpc().then(|| challenge.grpc_code());
                answer.reason = Some(denial.reason().code().to_owned());
            }
        }
        answer
    }

    fn clock(&self) -> Option<&TestClock> {
        Some(&self.clock)
    }

    fn remembers_since(&self) -> UnixTime {
        self.store.epoch().since()
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
