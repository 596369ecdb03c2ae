//! Where the verifier stops and asks its host for something.
//!
//! A suspension owns all it needs and borrows nothing from the request. It has one `query()`, what it wants to know, and
//! one `resume()`, which takes the answer, or that there is none, and goes on. Keys, introspection and the replay check are
//! each asked for at most once, in this order: never a loop.

use std::sync::Arc;

use crate::access::Access;
use crate::config::Mode;
use crate::denial::{Denial, Dependency, Unavailable};
use crate::dpop::{Epoch, Insertion, Nonce, QuotaExceeded, ReplayKey};
use crate::jose::Thumbprint;
use crate::keys::KeySet;
use crate::possession::{Possession, Proven};
use crate::time::UnixTime;
use crate::token::{VerifiedToken, signed_introspection};
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
    /// One did not, and the configuration says to report that and let the request go on (`mode: report_only`).
    Reported(Denial),
    /// The configuration asks for no token here: a public rule, or a CORS preflight request where those pass.
    Public,
}

impl Verdict {
    /// What a denial comes to.
    pub(crate) const fn denied(denial: Denial, mode: Mode) -> Self {
        match mode {
            Mode::Enforce => Self::Refused(denial),
            Mode::ReportOnly => Self::Reported(denial),
        }
    }
}

/// A request that may go on.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What handlers receive.
    pub access: Access,
    /// A nonce to send with the response, since the client's is getting old (RFC 9449 §8.2).
    pub nonce: Option<Nonce>,
}

/// Waits for an issuer's key set.
#[derive(Debug)]
pub struct NeedKeys(Box<KeysWanted>);

#[derive(Debug)]
pub(crate) struct KeysWanted {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) presented: Presented,
    pub(crate) possession: Possession<'static>,
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
            possession,
            ..
        } = *self.0;
        let mode = verifier.mode_of(&presented.entry);
        keys.map_err(|unavailable| Denial::Unavailable(Dependency::Keys, unavailable))
            .and_then(|keys| verifier.resume_with_keys(presented, possession, &keys, now))
            .unwrap_or_else(|denial| Step::Done(Verdict::denied(denial, mode)))
    }
}

/// Waits for an introspection response (RFC 7662).
#[derive(Debug)]
pub struct NeedIntrospection(Box<IntrospectionWanted>);

#[derive(Debug)]
pub(crate) struct IntrospectionWanted {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) presented: Presented,
    pub(crate) subject: Subject,
    pub(crate) proven: Proven<'static>,
    pub(crate) issuer: Arc<str>,
}

/// What the question is about.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A token that only its issuer can read.
    Reference,
    /// A JWT that is good in itself, and may have been revoked.
    Jwt(Arc<VerifiedToken>),
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

/// The body of a 200 response from an introspection endpoint.
#[derive(Clone, Copy)]
pub enum IntrospectionResponse<'a> {
    /// `application/json` (RFC 7662 §2.2).
    Json(&'a str),
    /// `application/token-introspection+jwt` (RFC 9701 §5), and the issuer's keys to verify it with.
    Jwt {
        /// The JWT.
        text: &'a str,
        /// The issuer's current key set.
        keys: &'a KeySet,
    },
}

impl IntrospectionResponse<'_> {
    /// The `kid` that a signed response names, for a host whose key set may be old. Not verified.
    #[must_use]
    pub fn kid_of(jwt: &str) -> Option<Box<str>> {
        signed_introspection::claimed_kid(jwt)
    }
}

impl std::fmt::Debug for IntrospectionResponse<'_> {
    /// Leaves out what it says: personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Json(_) => "Json",
            Self::Jwt { .. } => "Jwt",
        })
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
    pub fn resume(
        self,
        response: Result<IntrospectionResponse<'_>, Unavailable>,
        now: UnixTime,
    ) -> Step {
        let IntrospectionWanted {
            verifier,
            presented,
            subject,
            proven,
            ..
        } = *self.0;
        let mode = verifier.mode_of(&presented.entry);
        response
            .map_err(|unavailable| Denial::Unavailable(Dependency::Introspection, unavailable))
            .and_then(|response| {
                verifier.resume_with_introspection(&presented, subject, proven, response, now)
            })
            .unwrap_or_else(|denial| Step::Done(Verdict::denied(denial, mode)))
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
            Err(unavailable) => Verdict::denied(
                Denial::Unavailable(Dependency::ReplayStore, unavailable),
                self.judged.terms.mode,
            ),
        }
    }
}
