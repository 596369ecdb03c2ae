//! Where the verifier stops and asks its host for something.
//!
//! A suspension owns all it needs and borrows nothing from the request. It has one `query()`, what it wants to know, and
//! one `resume()`, which takes the answer, or that there is none, and goes on. At most one of keys and introspection is
//! asked for, then the replay check: never a loop.

use std::sync::Arc;

use crate::access::Access;
use crate::denial::{Denial, Dependency, Unavailable};
use crate::dpop::{
    Epoch, Insertion, Nonce, QuotaExceeded, ReplayKey, UnsignedProof, VerifiedProof,
};
use crate::jose::Thumbprint;
use crate::keys::KeySet;
use crate::time::UnixTime;
use crate::token::VerifiedToken;
use crate::verifier::{Judged, Presented, Verifier};

/// What comes next.
#[must_use = "a request is not decided until its last step is `Done`"]
#[derive(Debug)]
pub enum Step {
    /// An issuer's keys are not known, or not this one.
    NeedKeys(NeedKeys),
    /// Only the issuer knows what the token means.
    NeedIntrospection(NeedIntrospection),
    /// All is well, if the proof was not used before.
    NeedReplayCheck(NeedReplayCheck),
    /// The decision.
    Done(Verdict),
}

/// The decision about a request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Every check passed.
    Accepted(Accepted),
    /// One did not.
    Refused(Denial),
}

/// A request that may go on.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What handlers receive.
    pub access: Access,
    /// A nonce to send with the response, since the client's is getting old (RFC 9449 §8.2).
    pub nonce: Option<Nonce>,
}

impl From<Denial> for Step {
    fn from(denial: Denial) -> Self {
        Self::Done(Verdict::Refused(denial))
    }
}

/// Waits for an issuer's key set.
#[derive(Debug)]
pub struct NeedKeys(Box<KeysWanted>);

#[derive(Debug)]
pub(crate) struct KeysWanted {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) presented: Presented,
    pub(crate) proof: UnsignedProof<'static>,
    pub(crate) issuer: Arc<str>,
    pub(crate) kid: Option<Box<str>>,
}

/// Which keys are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysQuery<'a> {
    /// The issuer, as the configuration names it.
    pub issuer: &'a str,
    /// The key that the set at hand does not have. The value comes from an unverified token: good for one refresh
    /// within limits, for nothing else.
    pub kid: Option<&'a str>,
}

impl NeedKeys {
    pub(crate) fn new(wanted: KeysWanted) -> Self {
        Self(Box::new(wanted))
    }

    /// Which keys are wanted.
    #[must_use]
    pub fn query(&self) -> KeysQuery<'_> {
        KeysQuery {
            issuer: &self.0.issuer,
            kid: self.0.kid.as_deref(),
        }
    }

    /// Goes on with the issuer's key set as it is now, or without. A set that still lacks the key ends in a refusal.
    pub fn resume(self, keys: Result<Arc<KeySet>, Unavailable>, now: UnixTime) -> Step {
        let KeysWanted {
            verifier,
            presented,
            proof,
            ..
        } = *self.0;
        match keys {
            Ok(keys) => verifier.resume_with_keys(presented, proof, &keys, now),
            Err(unavailable) => Denial::Unavailable(Dependency::Keys, unavailable).into(),
        }
    }
}

/// Waits for an introspection response (RFC 7662).
#[derive(Debug)]
pub struct NeedIntrospection(Box<IntrospectionWanted>);

#[derive(Debug)]
pub(crate) struct IntrospectionWanted {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) presented: Presented,
    pub(crate) proof: VerifiedProof<'static>,
    pub(crate) issuer: Arc<str>,
}

/// What to ask the issuer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IntrospectionQuery<'a> {
    /// The issuer, as the configuration names it.
    pub issuer: &'a str,
    /// The token to ask about: for the request body only, never for a URL or a log.
    pub token: &'a str,
}

impl std::fmt::Debug for IntrospectionQuery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IntrospectionQuery")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl NeedIntrospection {
    pub(crate) fn new(wanted: IntrospectionWanted) -> Self {
        Self(Box::new(wanted))
    }

    /// What to ask the issuer.
    #[must_use]
    pub fn query(&self) -> IntrospectionQuery<'_> {
        IntrospectionQuery {
            issuer: &self.0.issuer,
            token: self.0.presented.token(),
        }
    }

    /// Goes on with the body of a 200 response from the issuer's introspection endpoint, or without.
    pub fn resume(self, response: Result<&str, Unavailable>, now: UnixTime) -> Step {
        let IntrospectionWanted {
            verifier,
            presented,
            proof,
            ..
        } = *self.0;
        match response {
            Ok(json) => verifier.resume_with_introspection(&presented, proof, json, now),
            Err(unavailable) => Denial::Unavailable(Dependency::Introspection, unavailable).into(),
        }
    }
}

/// Waits for the replay store, the last step.
#[derive(Debug)]
pub struct NeedReplayCheck {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) token: Arc<VerifiedToken>,
    pub(crate) judged: Judged,
}

/// What to insert, and on whose account.
#[derive(Clone, Copy, Debug)]
pub struct ReplayQuery<'a> {
    /// The proof's key in the store.
    pub key: ReplayKey,
    /// Until when the store must remember it.
    pub expires: UnixTime,
    /// The issuer of the token.
    pub issuer: &'a str,
    /// The client of that issuer, else the subject, whose share of the store is used.
    pub client: &'a str,
    /// The proof's public key, whose share of the store is used.
    pub thumbprint: &'a Thumbprint,
}

/// What the store said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayAnswer {
    /// What became of the insertion.
    pub outcome: ReplayOutcome,
    /// The store's epoch at that moment.
    pub epoch: Epoch,
}

/// What became of the insertion of a proof.
///
/// A false [`Fresh`](Self::Fresh) lets a replay through; a false anything else refuses an honest request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// It was not there, and now it is.
    Fresh,
    /// It was there.
    Seen,
    /// No room: nothing was inserted, nothing evicted.
    Full,
    /// The store has forgotten proofs of that time.
    Forgotten,
    /// The client's or the key's share is used up; the store was not asked.
    OverQuota(QuotaExceeded),
}

impl From<Insertion> for ReplayOutcome {
    fn from(insertion: Insertion) -> Self {
        match insertion {
            Insertion::Fresh => Self::Fresh,
            Insertion::Seen => Self::Seen,
            Insertion::Full => Self::Full,
            Insertion::Forgotten => Self::Forgotten,
        }
    }
}

impl NeedReplayCheck {
    /// What to insert, and on whose account.
    #[must_use]
    pub fn query(&self) -> ReplayQuery<'_> {
        ReplayQuery {
            key: self.judged.replay_key,
            expires: self.judged.remember_until,
            issuer: &self.token.issuer,
            client: self.token.holder(),
            thumbprint: &self.judged.thumbprint,
        }
    }

    /// The decision.
    #[must_use = "the verdict decides about the request"]
    pub fn resume(self, answer: Result<ReplayAnswer, Unavailable>, now: UnixTime) -> Verdict {
        match answer {
            Ok(answer) => self.verifier.decide(self.token, &self.judged, &answer, now),
            Err(unavailable) => {
                Verdict::Refused(Denial::Unavailable(Dependency::ReplayStore, unavailable))
            }
        }
    }
}
