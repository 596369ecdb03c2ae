//! The verifier: the checks in their order, cheap first and effects last.

use std::sync::Arc;

use jsonwebtoken::crypto::CryptoProvider;

use crate::access::Access;
use crate::challenge::Challenge;
use crate::credentials::{Credentials, NoCredentials, Scheme};
use crate::denial::{BindingError, Denial, Dependency, ProofError, TokenError, Unavailable};
use crate::dpop::{
    Epoch, Expected, Freshness, NonceKeys, ProofBuffers, ReplayKey, TargetUri, TokenHash,
    UnsignedProof, VerifiedProof, check_claims, is_over, named, only_proof,
};
use crate::jose::Thumbprint;
use crate::keys::KeySet;
use crate::policy::{Policy, PublicOrigin, ReplayRule};
use crate::request::PresentedRequest;
use crate::step::{
    Accepted, IntrospectionWanted, KeysWanted, NeedIntrospection, NeedKeys, NeedReplayCheck,
    ReplayAnswer, ReplayOutcome, Step, Verdict,
};
use crate::time::UnixTime;
use crate::token::cache::TokenCache;
use crate::token::introspection::{self, IntrospectionError};
use crate::token::jwt::{self, Form, Jwt, Signed};
use crate::token::{Confirmation, VerifiedToken};

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
    /// Which of the policy's origins the request came to.
    origin: usize,
}

impl Presented {
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

    /// The answer to a refused request.
    #[must_use]
    pub fn challenge(&self, denial: &Denial) -> Challenge {
        Challenge::new(denial, &self.policy)
    }

    /// Begins with a request. With keys and token known this is one synchronous pass up to the replay check.
    pub fn begin(
        self: &Arc<Self>,
        request: &PresentedRequest<'_>,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Step {
        match self.try_begin(request, facts, now) {
            Ok(step) => step,
            Err(denial) => denial.into(),
        }
    }

    fn try_begin(
        self: &Arc<Self>,
        request: &PresentedRequest<'_>,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        // Stage 1: one credential, of a scheme that proves possession.
        let credentials = Credentials::of(request).map_err(|problem| match problem {
            NoCredentials::Absent => Denial::NoCredentials,
            NoCredentials::Malformed(malformed) => Denial::Malformed(malformed),
        })?;
        if credentials.scheme == Scheme::Bearer {
            // RFC 9449 §7.2: no downgrade.
            return Err(Denial::Token(TokenError::BearerScheme));
        }
        // Stage 2: the proof, as far as hashing goes.
        let proof = only_proof(&request.dpop).map_err(Denial::Proof)?;
        let (place, origin) = self
            .policy
            .origin_of(request.authority)
            .ok_or(Denial::Proof(ProofError::UnknownAuthority))?;
        let hash = TokenHash::of(credentials.token);
        let expected = Expected {
            method: request.method,
            target: TargetUri::new(&origin.origin, &origin.path_prefix, request.path),
            token: Some(&hash),
        };
        // What is not remembered here has no epoch here.
        let epoch = match self.policy.replay() {
            ReplayRule::Check => facts.epoch.as_ref(),
            ReplayRule::Elsewhere => None,
        };
        let mut buffers = ProofBuffers::new();
        let proof = check_claims(
            proof,
            &mut buffers,
            &expected,
            self.policy.proof_rules(),
            &self.nonces,
            epoch,
            now,
        )?;
        // Stage 3: the token.
        if let Some(token) = self.remembered(&hash, place, facts, now)? {
            return self.bind(token, proof, origin, now);
        }
        let presented = Presented {
            token: SecretText(credentials.token.into()),
            hash,
            origin: place,
        };
        match jwt::form(credentials.token) {
            Form::Opaque => self.ask_issuer(presented, proof),
            Form::Jwt(jwt) => self.check_jwt(&jwt, presented, proof, facts, now),
        }
    }

    fn check_jwt(
        self: &Arc<Self>,
        jwt: &Jwt<'_>,
        presented: Presented,
        proof: UnsignedProof<'_>,
        facts: &Facts<'_>,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let origin = self.origin(&presented)?;
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
                        let token = self.remember(&presented, token, key, now);
                        return self.bind(token, proof, origin, now);
                    }
                }
            }
        };
        Ok(Step::NeedKeys(NeedKeys::new(KeysWanted {
            verifier: Arc::clone(self),
            presented,
            proof: proof.into_owned(),
            issuer,
            kid,
        })))
    }

    pub(crate) fn resume_with_keys(
        self: Arc<Self>,
        presented: Presented,
        proof: UnsignedProof<'static>,
        keys: &KeySet,
        now: UnixTime,
    ) -> Step {
        let resumed = || {
            let origin = self.origin(&presented)?;
            let Form::Jwt(jwt) = jwt::form(presented.token()) else {
                return Err(Denial::Token(TokenError::NotJwt));
            };
            let (key, token) = self.verify_jwt(&jwt, keys, origin, now)?;
            let token = self.remember(&presented, token, key, now);
            self.bind(token, proof, origin, now)
        };
        resumed().unwrap_or_else(Step::from)
    }

    fn verify_jwt(
        &self,
        jwt: &Jwt<'_>,
        keys: &KeySet,
        origin: &PublicOrigin,
        now: UnixTime,
    ) -> Result<(Thumbprint, VerifiedToken), Denial> {
        let unverified = jwt
            .check_claims(&self.policy, &origin.audiences, now)
            .map_err(Denial::Token)?;
        match unverified
            .verify(keys, self.provider)
            .map_err(Denial::Token)?
        {
            Signed::By(key, token) => Ok((key, token)),
            Signed::UnknownKid => Err(Denial::Token(TokenError::UnknownKey)),
        }
    }

    /// A reference token: before it becomes a call to the issuer, the sender must have signed for it.
    fn ask_issuer(
        self: &Arc<Self>,
        presented: Presented,
        proof: UnsignedProof<'_>,
    ) -> Result<Step, Denial> {
        let issuer = self
            .policy
            .opaque_issuer()
            .ok_or(Denial::Token(TokenError::NotJwt))?;
        let proof = proof.verify(self.provider).map_err(Denial::Proof)?;
        Ok(Step::NeedIntrospection(NeedIntrospection::new(
            IntrospectionWanted {
                verifier: Arc::clone(self),
                presented,
                proof: proof.into_owned(),
                issuer: issuer.name(),
            },
        )))
    }

    pub(crate) fn resume_with_introspection(
        self: Arc<Self>,
        presented: &Presented,
        proof: VerifiedProof<'static>,
        json: &str,
        now: UnixTime,
    ) -> Step {
        let resumed = || {
            let origin = self.origin(presented)?;
            let issuer = self
                .policy
                .opaque_issuer()
                .ok_or(Denial::Token(TokenError::NotJwt))?;
            let token = introspection::read(json, issuer, &self.policy, &origin.audiences, now)
                .map_err(|error| match error {
                    IntrospectionError::Token(error) => Denial::Token(error),
                    IntrospectionError::NotAnAnswer => Denial::Unavailable(
                        Dependency::Introspection,
                        Unavailable::retry_after_seconds(1),
                    ),
                })?;
            check_binding(&token.confirmation, &proof.thumbprint)?;
            self.before_replay(Arc::new(token), proof, origin, now)
        };
        resumed().unwrap_or_else(Step::from)
    }

    /// Stages 4 and 5. The key is compared before its signature is verified, so that nobody without a token that is
    /// bound to his own key makes us verify one.
    fn bind(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        proof: UnsignedProof<'_>,
        origin: &PublicOrigin,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        check_binding(&token.confirmation, proof.thumbprint())?;
        let proof = proof.verify(self.provider).map_err(Denial::Proof)?;
        self.before_replay(token, proof, origin, now)
    }

    /// Stage 7. Time may have passed while we waited, so the proof's age is looked at again.
    fn before_replay(
        self: &Arc<Self>,
        token: Arc<VerifiedToken>,
        proof: VerifiedProof<'_>,
        origin: &PublicOrigin,
        now: UnixTime,
    ) -> Result<Step, Denial> {
        let rules = self.policy.proof_rules();
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
        &self,
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
            ReplayOutcome::Forgotten => use_nonce(crate::denial::NonceProblem::Forgotten),
            ReplayOutcome::OverQuota(exceeded) => Denial::Quota(exceeded),
            ReplayOutcome::Fresh => {
                // The store may have lost its memory since the epoch was last seen.
                let rules = self.policy.proof_rules();
                match judged.freshness.check(rules, Some(&answer.epoch), now) {
                    Ok(()) => {
                        return Verdict::Accepted(self.accept(token, judged, &answer.epoch, now));
                    }
                    Err(staleness) => staleness
                        .into_denial(|| self.nonces.mint(&judged.thumbprint, &answer.epoch, now)),
                }
            }
        };
        Verdict::Refused(denial)
    }

    fn accept(
        &self,
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
            access: Access::new(token),
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

    fn remember(
        &self,
        presented: &Presented,
        token: VerifiedToken,
        key: Thumbprint,
        now: UnixTime,
    ) -> Arc<VerifiedToken> {
        let token = Arc::new(token);
        self.tokens.put(
            *presented.hash.digest(),
            Arc::clone(&token),
            key,
            presented.origin,
            now,
        );
        token
    }

    fn origin(&self, presented: &Presented) -> Result<&PublicOrigin, Denial> {
        self.policy
            .origin_at(presented.origin)
            .ok_or(Denial::Proof(ProofError::UnknownAuthority))
    }
}

/// Stage 4: the token is bound to what was shown (RFC 9449 §4.3 check 12, RFC 8705 §3).
fn check_binding(confirmation: &Confirmation, key: &Thumbprint) -> Result<(), Denial> {
    match confirmation {
        Confirmation::Key(bound) if bound == key => Ok(()),
        Confirmation::Key(_) => Err(Denial::Binding(BindingError::OtherKey)),
        Confirmation::Certificate(_) | Confirmation::KeyAndCertificate(_, _) => {
            Err(Denial::Binding(BindingError::NoCertificate))
        }
    }
}
