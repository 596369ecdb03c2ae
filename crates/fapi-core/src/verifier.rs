//! The verifier: the checks in their order, cheap first and effects last.

use std::borrow::Cow;
use std::sync::Arc;

use jsonwebtoken::crypto::CryptoProvider;

use crate::access::Access;
use crate::challenge::Challenge;
use crate::config::Mode;
use crate::credentials::{Credentials, NoCredentials, Scheme};
use crate::denial::{
    BindingError, Denial, Dependency, Malformed, NonceProblem, ProofError, TokenError, Unavailable,
};
use crate::dpop::{
    Epoch, Expected, Freshness, NonceKeys, ProofBuffers, ReplayKey, TargetUri, TokenHash,
    VerifiedProof, check_claims, is_over, named, only_proof,
};
use crate::jose::Thumbprint;
use crate::keys::KeySet;
use crate::policy::{
    Constraint, Entry, Guard, IntrospectionAnswers, Policy, PublicOrigin, ReplayRule, RuleChoice,
};
use crate::possession::{Possession, Proven, check_binding, check_proven};
use crate::request::PresentedRequest;
use crate::step::{
    Accepted, IntrospectionResponse, IntrospectionWanted, KeysWanted, NeedIntrospection, NeedKeys,
    NeedReplayCheck, ReplayAnswer, ReplayOutcome, Step, Subject, Verdict,
};
use crate::time::UnixTime;
use crate::token::VerifiedToken;
use crate::token::cache::TokenCache;
use crate::token::introspection::{self, IntrospectionError};
use crate::token::jwt::{self, Form, Jwt, Signed};
use crate::token::signed_introspection;

/// Decides about requests under one policy.
///
/// It does nothing but compute. What it needs from outside it asks its host for, step by step.
#[derive(Debug)]
pub struct Verifier {
    policy: Policy,
    provider: &'static CryptoProvider,
    nonces: NonceKeys,
    tokens: TokenCache,
}

/// What the host knows at the moment, without waiting.
pub struct Facts<'a> {
    /// Key sets that are at hand.
    pub keys: &'a dyn KnownKeys,
    /// The replay store's epoch, if it has been seen.
    pub epoch: Option<Epoch>,
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Key sets that are at hand.
pub trait KnownKeys {
    /// The current key set of the issuer with exactly this name, if one is at hand and may still be used.
    ///
    /// A set that is too old to be trusted must not be given: revoked keys would live on. `None` costs a wait.
    fn key_set(&self, issuer: &str) -> Option<Arc<KeySet>>;
}

/// The token that was presented, kept while the verifier waits.
#[derive(Debug)]
pub(crate) struct Presented {
    token: SecretText,
    hash: TokenHash,
    pub(crate) entry: Entry,
}

impl Presented {
    fn new(token: &str, hash: TokenHash, entry: Entry) -> Self {
        Self {
            token: SecretText(token.into()),
            hash,
            entry,
        }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token.0
    }
}

/// Text that must not appear in `Debug` output.
struct SecretText(Box<str>);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// A proof that passed every check but the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) replay_key: ReplayKey,
    pub(crate) remember_until: UnixTime,
    pub(crate) thumbprint: Thumbprint,
    freshness: Freshness,
    pub(crate) terms: Terms,
}

/// Under what a request was judged: what is left of its [`Entry`] when the verdict has been reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Its place among the public origins.
    pub(crate) origin: usize,
    pub(crate) mode: Mode,
}

impl Verifier {
    /// A verifier for `policy`, which checks signatures with `provider` and makes nonces with `nonces`.
    #[must_use]
    pub fn new(policy: Policy, provider: &'static CryptoProvider, nonces: NonceKeys) -> Arc<Self> {
        Arc::new(Self {
            tokens: TokenCache::new(policy.token_cache_seconds()),
            policy,
            provider,
            nonces,
        })
    }

    /// The policy that it decides under.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The answer to a refused request that came to `authority`.
    #[must_use]
    pub fn challenge(&self, denial: &Denial, authority: Option<&str>) -> Challenge {
        Challenge::new(denial, &self.policy, authority)
    }

    /// Begins with a request. With keys and token known this is one synchronous pass up to the replay check.
    pub fn begin(
        self: &Arc<Self>,
        request: &PresentedRequest<'_>,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Step {
        let rule = match self.policy.guard(request) {
            Guard::Open => return Step::Done(Verdict::Public),
            Guard::Token(rule) => rule,
            Guard::Ambiguous => {
                let denial = Denial::Malformed(Malformed::AmbiguousPath);
                return Step::Done(Verdict::denied(denial, self.policy.mode()));
            }
        };
        let mode = self.policy.mode_of(&rule);
        self.try_begin(request, rule, facts, now)
            .unwrap_or_else(|denial| Step::Done(Verdict::denied(denial, mode)))
    }

    fn try_begin(
        self: &Arc<Self>,
        request: &PresentedRequest<'_>,
        rule: RuleChoice,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        // Stage 1: one credential, of a scheme that proves possession.
        let credentials = Credentials::of(request).map_err(|problem| match problem {
            NoCredentials::Absent => Denial::NoCredentials,
            NoCredentials::Malformed(malformed) => Denial::Malformed(malformed),
        })?;
        // RFC 9449 §7.2: no downgrade. Bearer is for tokens that are bound to a certificate, where those are accepted.
        if credentials.scheme == Scheme::Bearer && self.policy.constraint() == Constraint::Dpop {
            return Err(Denial::Token(TokenError::BearerScheme));
        }
        let proof = match credentials.scheme {
            Scheme::Dpop => Some(only_proof(&request.dpop).map_err(Denial::Proof)?),
            Scheme::Bearer => None,
        };
        let (origin, public) = self
            .policy
            .origin_of(request.authority)
            .ok_or(Denial::Proof(ProofError::UnknownAuthority))?;
        let hash = TokenHash::of(credentials.token);
        // Stage 2: the proof, as far as hashing goes.
        let mut buffers = ProofBuffers::new();
        let possession = match proof {
            None => Possession::Certificate,
            Some(proof) => {
                let expected = Expected {
                    method: request.method,
                    target: TargetUri::new(&public.origin, &public.path_prefix, request.path),
                    token: Some(&hash),
                };
                // What is not remembered here has no epoch here.
                let epoch = match self.policy.replay() {
                    ReplayRule::Check => facts.epoch.as_ref(),
                    ReplayRule::Elsewhere => None,
                };
                Possession::Proof(check_claims(
                    proof,
                    &mut buffers,
                    &expected,
                    self.policy.proof_rules(),
                    &self.nonces,
                    epoch,
                    now,
                )?)
            }
        };
        let entry = Entry {
            origin,
            rule,
            certificate: request.client_certificate,
        };
        // Stage 3: the token.
        if let Some(token) = self.remembered(&hash, origin, facts, now)? {
            if self.policy.introspects(&token.issuer) {
                let presented = Presented::new(credentials.token, hash, entry);
                return self.ask_about_jwt(presented, token, possession);
            }
            return self.bind(token, possession, &entry, now);
        }
        let presented = Presented::new(credentials.token, hash, entry);
        match jwt::form(credentials.token) {
            Form::Opaque => self.ask_about_reference(presented, possession),
            Form::Jwt(jwt) => self.check_jwt(&jwt, presented, possession, facts, now),
        }
    }

    fn check_jwt(
        self: &Arc<Self>,
        jwt: &Jwt<'_>,
        presented: Presented,
        possession: Possession<'_>,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let origin = self.origin(&presented.entry)?;
        let unverified = jwt
            .check_claims(&self.policy, &origin.audiences, now)
            .map_err(Denial::Token)?;
        let issuer = unverified.issuer.name();
        let kid = match facts.keys.key_set(&issuer) {
            None => None,
            Some(keys) => {
                let kid = unverified.kid().map(Into::into);
                match unverified
                    .verify(&keys, self.provider)
                    .map_err(Denial::Token)?
                {
                    Signed::UnknownKid => kid,
                    Signed::By(key, token) => {
                        return self.go_on_with_jwt(presented, token, key, possession, now);
                    }
                }
            }
        };
        Ok(Step::NeedKeys(NeedKeys::new(KeysWanted {
            verifier: Arc::clone(self),
            presented,
            possession: possession.into_owned(),
            issuer,
            kid,
        })))
    }

    pub(crate) fn resume_with_keys(
        self: &Arc<Self>,
        presented: Presented,
        possession: Possession<'static>,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let origin = self.origin(&presented.entry)?;
        let (key, token) = {
            let Form::Jwt(jwt) = jwt::form(presented.token()) else {
                return Err(Denial::Token(TokenError::NotJwt));
            };
            let unverified = jwt
                .check_claims(&self.policy, &origin.audiences, now)
                .map_err(Denial::Token)?;
            match unverified
                .verify(keys, self.provider)
                .map_err(Denial::Token)?
            {
                Signed::By(key, token) => (key, token),
                Signed::UnknownKid => return Err(Denial::Token(TokenError::UnknownKey)),
            }
        };
        self.go_on_with_jwt(presented, token, key, possession, now)
    }

    /// A JWT whose signature verified: remembered, asked about where the configuration says so, and bound.
    fn go_on_with_jwt(
        self: &Arc<Self>,
        presented: Presented,
        token: VerifiedToken,
        key: Thumbprint,
        possession: Possession<'_>,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let token = Arc::new(token);
        self.tokens.put(
            *presented.hash.digest(),
            Arc::clone(&token),
            key,
            presented.entry.origin,
            now,
        );
        if self.policy.introspects(&token.issuer) {
            return self.ask_about_jwt(presented, token, possession);
        }
        self.bind(token, possession, &presented.entry, now)
    }

    /// Asks the issuer whether a JWT has been revoked, once everything else about it and its sender is known to be good.
    fn ask_about_jwt(
        self: &Arc<Self>,
        presented: Presented,
        token: Arc<VerifiedToken>,
        possession: Possession<'_>,
    ) -> Result<Step, Denial> {
        check_binding(&token.confirmation, &possession, &presented.entry)?;
        let issuer = Arc::clone(&token.issuer);
        self.ask_issuer(presented, Subject::Jwt(token), issuer, possession)
    }

    /// Asks the only issuer of reference tokens what this one means.
    fn ask_about_reference(
        self: &Arc<Self>,
        presented: Presented,
        possession: Possession<'_>,
    ) -> Result<Step, Denial> {
        let issuer = self
            .policy
            .opaque_issuer_of(presented.token())
            .ok_or(Denial::Token(TokenError::NotJwt))?;
        // A certificate is public: without one there is nobody to answer for the call.
        if matches!(possession, Possession::Certificate) && presented.entry.certificate.is_none() {
            return Err(Denial::Binding(BindingError::NoCertificate));
        }
        self.ask_issuer(presented, Subject::Reference, issuer.name(), possession)
    }

    /// Before a token becomes a call to the issuer, the sender must have signed for it.
    fn ask_issuer(
        self: &Arc<Self>,
        presented: Presented,
        subject: Subject,
        issuer: Arc<str>,
        possession: Possession<'_>,
    ) -> Result<Step, Denial> {
        let proven = possession.verify(self.provider)?;
        Ok(Step::NeedIntrospection(NeedIntrospection::new(
            IntrospectionWanted {
                verifier: Arc::clone(self),
                presented,
                subject,
                proven: proven.into_owned(),
                issuer,
            },
        )))
    }

    pub(crate) fn resume_with_introspection(
        self: &Arc<Self>,
        presented: &Presented,
        subject: Subject,
        proven: Proven<'static>,
        response: IntrospectionResponse<'_>,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let origin = self.origin(&presented.entry)?;
        let json = &*self.open(response, &subject, now)?;
        let refused = |error| match error {
            IntrospectionError::Token(error) => Denial::Token(error),
            IntrospectionError::NotAnAnswer => Denial::Unavailable(
                Dependency::Introspection,
                Unavailable::retry_after_seconds(1),
            ),
        };
        let token = match subject {
            Subject::Reference => {
                let issuer = self
                    .policy
                    .opaque_issuer()
                    .ok_or(Denial::Token(TokenError::NotJwt))?;
                let token = introspection::read(json, issuer, &self.policy, &origin.audiences, now)
                    .map_err(refused)?;
                check_proven(&token.confirmation, &proven, &presented.entry)?;
                Arc::new(token)
            }
            Subject::Jwt(token) => {
                let said =
                    introspection::confirm(json, &token, &self.policy, &origin.audiences, now)
                        .map_err(refused)?;
                if let Some(confirmation) = said {
                    check_proven(&confirmation, &proven, &presented.entry)?;
                }
                jwt::check_times(token.expires, token.not_before, &self.policy, now)
                    .map_err(Denial::Token)?;
                token
            }
        };
        self.finish(token, proven, &presented.entry, now)
    }

    /// The JSON of an introspection response; of a signed one, once it has been verified (RFC 9701 §5).
    fn open<'a>(
        &self,
        response: IntrospectionResponse<'a>,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<Cow<'a, str>, Denial> {
        let no_answer = || {
            Denial::Unavailable(
                Dependency::Introspection,
                Unavailable::retry_after_seconds(1),
            )
        };
        let issuer = match subject {
            Subject::Reference => self.policy.opaque_issuer(),
            Subject::Jwt(token) => self.policy.issuer(&token.issuer),
        }
        .ok_or_else(no_answer)?;
        match (response, issuer.introspection_answers()) {
            // FAPI 2.0 Message Signing §5.5.2: a plain answer where a signed one was asked for is a downgrade.
            (IntrospectionResponse::Json(_), IntrospectionAnswers::Signed) => Err(no_answer()),
            (IntrospectionResponse::Json(json), IntrospectionAnswers::Any) => {
                Ok(Cow::Borrowed(json))
            }
            (IntrospectionResponse::Jwt { text, keys }, _) => {
                let expected = signed_introspection::Expected {
                    issuer: &issuer.name(),
                    audiences: issuer.introspection_audiences(),
                    algorithms: self.policy.token_algorithms(),
                    now,
                    future: self.policy.future(),
                };
                signed_introspection::open(text, keys, self.provider, &expected)
                    .map(|json| Cow::Owned(json.into()))
                    .map_err(|_| no_answer())
            }
        }
    }

    /// Stages 4 and 5. The key is compared before its signature is verified, so that nobody without a token that is
    /// bound to his own key makes us verify one.
    fn bind(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        possession: Possession<'_>,
        entry: &Entry,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        check_binding(&token.confirmation, &possession, entry)?;
        let proven = possession.verify(self.provider)?;
        self.finish(token, proven, entry, now)
    }

    /// Stages 6 and 7: what the rule asks for, then the replay check.
    fn finish(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        proven: Proven<'_>,
        entry: &Entry,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        self.policy.check_rule(entry, &token, now)?;
        match proven {
            Proven::Proof(proof) => self.before_replay(token, proof, entry, now),
            // RFC 8705: the TLS handshake is the proof, and cannot be replayed.
            Proven::Certificate => Ok(Step::Done(Verdict::Accepted(Accepted {
                access: Access::new(token, Arc::clone(self), self.terms(entry)),
                nonce: None,
            }))),
        }
    }

    /// Stage 7. Time may have passed while we waited, so the proof's age is looked at again.
    fn before_replay(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        proof: VerifiedProof<'_>,
        entry: &Entry,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let rules = self.policy.proof_rules();
        let origin = self.origin(entry)?;
        if is_over(proof.expires, now) {
            return Err(Denial::Proof(ProofError::OutsideValidity));
        }
        proof
            .freshness
            .check(rules, proof.epoch.as_ref(), now)
            .map_err(|staleness| {
                let epoch = named(proof.epoch.as_ref(), now);
                staleness.into_denial(|| self.nonces.mint(&proof.thumbprint, &epoch, now))
            })?;
        let judged = Judged {
            replay_key: ReplayKey::new(
                &origin.resource,
                &token.issuer,
                &proof.thumbprint,
                &proof.jti,
            ),
            remember_until: proof.freshness.remember_until(rules),
            thumbprint: proof.thumbprint,
            freshness: proof.freshness,
            terms: self.terms(entry),
        };
        match self.policy.replay() {
            ReplayRule::Check => Ok(Step::NeedReplayCheck(NeedReplayCheck {
                verifier: Arc::clone(self),
                token,
                judged,
            })),
            ReplayRule::Elsewhere => {
                let epoch = named(None, now);
                Ok(Step::Done(Verdict::Accepted(
                    self.accept(token, &judged, &epoch, now),
                )))
            }
        }
    }

    pub(crate) fn decide(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        judged: &Judged,
        answer: &ReplayAnswer,
        now: UnixTime,
    ) -> Verdict {
        let use_nonce = |problem| Denial::Nonce {
            problem,
            fresh: self.nonces.mint(&judged.thumbprint, &answer.epoch, now),
        };
        let denial = match answer.outcome {
            ReplayOutcome::Seen => Denial::Proof(ProofError::Replayed),
            ReplayOutcome::Full => Denial::Unavailable(
                Dependency::ReplayCapacity,
                Unavailable::retry_after_seconds(1),
            ),
            ReplayOutcome::Forgotten => use_nonce(NonceProblem::Forgotten),
            ReplayOutcome::OverQuota(exceeded) => Denial::Quota(exceeded),
            ReplayOutcome::Fresh => {
                // The store may have lost its memory since the epoch was last seen.
                let rules = self.policy.proof_rules();
                match judged.freshness.check_answer(rules, &answer.epoch, now) {
                    Ok(()) => {
                        return Verdict::Accepted(self.accept(token, judged, &answer.epoch, now));
                    }
                    Err(staleness) => staleness
                        .into_denial(|| self.nonces.mint(&judged.thumbprint, &answer.epoch, now)),
                }
            }
        };
        Verdict::denied(denial, judged.terms.mode)
    }

    fn accept(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        judged: &Judged,
        epoch: &Epoch,
        now: UnixTime,
    ) -> Accepted {
        let renew = judged
            .freshness
            .wants_renewal(self.policy.proof_rules(), now);
        Accepted {
            nonce: renew.then(|| self.nonces.mint(&judged.thumbprint, epoch, now)),
            access: Access::new(token, Arc::clone(self), judged.terms),
        }
    }

    /// The token, if it was verified a moment ago with a key that still counts.
    fn remembered(
        &self,
        hash: &TokenHash,
        origin: usize,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifiedToken>>, Denial> {
        let Some(cached) = self.tokens.get(hash.digest(), now) else {
            return Ok(None);
        };
        let same_audience = cached.audience == origin;
        let key_counts = facts
            .keys
            .key_set(&cached.token.issuer)
            .is_some_and(|keys| keys.contains(&cached.key));
        if !same_audience || !key_counts {
            return Ok(None);
        }
        jwt::check_times(
            cached.token.expires,
            cached.token.not_before,
            &self.policy,
            now,
        )
        .map_err(Denial::Token)?;
        Ok(Some(cached.token))
    }

    pub(crate) fn mode_of(&self, entry: &Entry) -> Mode {
        self.policy.mode_of(&entry.rule)
    }

    fn terms(&self, entry: &Entry) -> Terms {
        Terms {
            origin: entry.origin,
            mode: self.mode_of(entry),
        }
    }

    fn origin(&self, entry: &Entry) -> Result<&PublicOrigin, Denial> {
        self.policy
            .origin_at(entry.origin)
            .ok_or(Denial::Proof(ProofError::UnknownAuthority))
    }
}
