//! Why a request is refused, grouped by who is to blame.

use std::fmt;

use crate::dpop::{Nonce, QuotaExceeded};
use crate::rules::PolicyError;

/// Why a request is refused. What the client is told about it is [`Challenge`](crate::Challenge)'s business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No access token, or one of a scheme that is not ours.
    NoCredentials,
    /// The request itself is wrong.
    Malformed(Malformed),
    /// The DPoP proof is missing or wrong.
    Proof(ProofError),
    /// The proof needs a nonce of ours; `fresh` is one for its key.
    Nonce {
        /// What is wrong with the nonce, or with the proof's time.
        problem: NonceProblem,
        /// A new nonce, bound to the proof's key.
        fresh: Nonce,
    },
    /// The access token is not valid here.
    Token(TokenError),
    /// The access token belongs to somebody else's key or certificate.
    Binding(BindingError),
    /// The token is good and its sender's, and not enough for this request.
    Insufficient(PolicyError),
    /// One client or key has used up its share of the replay store.
    Quota(QuotaExceeded),
    /// Something that the decision depends on is not there.
    Unavailable(Dependency, Unavailable),
}

/// What is wrong with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Two `Authorization` lines, or two credentials in one (RFC 6750 §3.1).
    SeveralCredentials,
    /// Not `scheme 1*SP token68` (RFC 9449 §7.1, RFC 6750 §2.1).
    AuthorizationSyntax,
    /// The token has more than 16 KiB.
    TokenTooLarge,
    /// A second token stands in the query (RFC 6750 §2).
    TokenInQuery,
    /// The path has parts that another program may read differently, where rules depend on it.
    AmbiguousPath,
}

/// What is wrong with the proof: the checks of RFC 9449 §4.3 in the order in which we make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// No `DPoP` header (check 1).
    Missing,
    /// More than one `DPoP` header (check 1).
    Several,
    /// Larger than 8 KiB.
    TooLarge,
    /// Not a compact JWS of two JSON objects with the required members (checks 2 and 3).
    Malformed,
    /// `typ` is not `dpop+jwt` (check 4).
    Type,
    /// `alg` is missing, or not an algorithm that we allow (check 5).
    Algorithm,
    /// `jwk` is missing, no valid key, or a private one (check 7).
    Key,
    /// `htm` is not the request's method (check 8).
    Method,
    /// `htu` is not the request's URI (check 9).
    Target,
    /// The request's authority is not one that the configuration names, so `htu` cannot be judged (check 9).
    UnknownAuthority,
    /// `iat` is too old (check 11).
    TooOld,
    /// `iat` lies too far ahead (check 11).
    FromFuture,
    /// Outside its own `nbf` and `exp`.
    OutsideValidity,
    /// `ath` is missing or not the hash of this token (check 12).
    TokenHash,
    /// The signature does not verify with `jwk` (check 6).
    Signature,
    /// The proof was used before (RFC 9449 §11.1).
    Replayed,
}

/// Why a nonce is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceProblem {
    /// A nonce is required and the proof has none (RFC 9449 §8).
    Missing,
    /// Ours, but too old.
    Stale,
    /// Not ours, or another key's.
    Foreign,
    /// Ours, but from before the replay store lost its memory.
    OtherEpoch,
    /// The proof was made before the replay store's memory begins, so we cannot know whether it was used.
    BeforeEpoch,
    /// The replay store has already forgotten proofs of that time, since its clock was ahead.
    Forgotten,
}

/// What is wrong with the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Presented as `Bearer` where proof of possession is required (RFC 9449 §7.2).
    BearerScheme,
    /// Not a JWT, where only JWTs are accepted.
    NotJwt,
    /// A JWT with a header or claims that are malformed, critical, doubled or of the wrong type.
    Malformed,
    /// `typ` is not `at+jwt` (RFC 9068 §4).
    Type,
    /// `alg` is not an algorithm that we allow (RFC 9068 §4).
    Algorithm,
    /// A claim that RFC 9068 §2.2 requires is missing.
    MissingClaim,
    /// Not an issuer that we trust.
    Issuer,
    /// Not meant for this resource.
    Audience,
    /// Past its `exp`.
    Expired,
    /// `nbf` or `iat` lie ahead.
    NotYetValid,
    /// No key of the issuer has this `kid`.
    UnknownKey,
    /// The signature does not verify.
    Signature,
    /// The issuer says that the token is not active (RFC 7662 §2.2).
    Inactive,
    /// The token names no key or certificate that we can check (RFC 9449 §6, RFC 8705 §3).
    NotBound,
}

/// How the token and the sender fail to belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingError {
    /// `cnf.jkt` is another key than the proof's (RFC 9449 §4.3 check 12).
    OtherKey,
    /// The token is bound to a certificate, and none was presented (RFC 8705 §3).
    NoCertificate,
    /// The token is bound to another certificate than the one presented (RFC 8705 §3).
    OtherCertificate,
}

/// What a decision waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// An issuer's key set.
    Keys,
    /// An issuer's introspection endpoint.
    Introspection,
    /// The memory of used proofs.
    ReplayStore,
    /// The memory of used proofs answers, and is full.
    ReplayCapacity,
}

/// A dependency did not answer. The request is refused with 503; whether it was good is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable {
    retry_after: u32,
}

impl Unavailable {
    /// Tells the client to come back after so many seconds (RFC 9110 §10.2.3).
    #[must_use]
    pub const fn retry_after_seconds(seconds: u32) -> Self {
        Self {
            retry_after: seconds,
        }
    }

    /// Seconds to wait.
    #[must_use]
    pub const fn retry_after(self) -> u32 {
        self.retry_after
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The closed set of reasons for a refusal: one code each, the same in logs, metrics and documentation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* #[doc = concat!("`", $code, "`")] $name,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code, in lower case with underscores.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

reasons! {
    NoCredentials = "no_credentials",
    SeveralCredentials = "several_credentials",
    AuthorizationSyntax = "authorization_syntax",
    TokenTooLarge = "token_too_large",
    TokenInQuery = "token_in_query",
    AmbiguousPath = "ambiguous_path",
    ProofMissing = "proof_missing",
    ProofSeveral = "proof_several",
    ProofTooLarge = "proof_too_large",
    ProofMalformed = "proof_malformed",
    ProofType = "proof_type",
    ProofAlgorithm = "proof_algorithm",
    ProofKey = "proof_key",
    ProofMethod = "proof_method",
    ProofTarget = "proof_target",
    ProofUnknownAuthority = "proof_unknown_authority",
    ProofTooOld = "proof_too_old",
    ProofFromFuture = "proof_from_future",
    ProofOutsideValidity = "proof_outside_validity",
    ProofTokenHash = "proof_token_hash",
    ProofSignature = "proof_signature",
    ProofReplayed = "proof_replayed",
    NonceMissing = "nonce_missing",
    NonceStale = "nonce_stale",
    NonceForeign = "nonce_foreign",
    NonceOtherEpoch = "nonce_other_epoch",
    ProofBeforeEpoch = "proof_before_epoch",
    ProofForgotten = "proof_forgotten",
    TokenBearerScheme = "token_bearer_scheme",
    TokenNotJwt = "token_not_jwt",
    TokenMalformed = "token_malformed",
    TokenType = "token_type",
    TokenAlgorithm = "token_algorithm",
    TokenMissingClaim = "token_missing_claim",
    TokenIssuer = "token_issuer",
    TokenAudience = "token_audience",
    TokenExpired = "token_expired",
    TokenNotYetValid = "token_not_yet_valid",
    TokenUnknownKey = "token_unknown_key",
    TokenSignature = "token_signature",
    TokenInactive = "token_inactive",
    TokenNotBound = "token_not_bound",
    BindingOtherKey = "binding_other_key",
    BindingNoCertificate = "binding_no_certificate",
    BindingOtherCertificate = "binding_other_certificate",
    RuleAuthentication = "rule_authentication",
    RuleScope = "rule_scope",
    RuleAuthorizationDetails = "rule_authorization_details",
    RuleIssuer = "rule_issuer",
    NoRule = "no_rule",
    QuotaClient = "quota_client",
    QuotaKey = "quota_key",
    KeysUnavailable = "keys_unavailable",
    IntrospectionUnavailable = "introspection_unavailable",
    ReplayStoreUnavailable = "replay_store_unavailable",
    ReplayStoreFull = "replay_store_full",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Denial {
    /// The code of this denial.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NoCredentials => Reason::NoCredentials,
            Self::Malformed(malformed) => match malformed {
                Malformed::SeveralCredentials => Reason::SeveralCredentials,
                Malformed::AuthorizationSyntax => Reason::AuthorizationSyntax,
                Malformed::TokenTooLarge => Reason::TokenTooLarge,
                Malformed::TokenInQuery => Reason::TokenInQuery,
                Malformed::AmbiguousPath => Reason::AmbiguousPath,
            },
            Self::Proof(proof) => match proof {
                ProofError::Missing => Reason::ProofMissing,
                ProofError::Several => Reason::ProofSeveral,
                ProofError::TooLarge => Reason::ProofTooLarge,
                ProofError::Malformed => Reason::ProofMalformed,
                ProofError::Type => Reason::ProofType,
                ProofError::Algorithm => Reason::ProofAlgorithm,
                ProofError::Key => Reason::ProofKey,
                ProofError::Method => Reason::ProofMethod,
                ProofError::Target => Reason::ProofTarget,
                ProofError::UnknownAuthority => Reason::ProofUnknownAuthority,
                ProofError::TooOld => Reason::ProofTooOld,
                ProofError::FromFuture => Reason::ProofFromFuture,
                ProofError::OutsideValidity => Reason::ProofOutsideValidity,
                ProofError::TokenHash => Reason::ProofTokenHash,
                ProofError::Signature => Reason::ProofSignature,
                ProofError::Replayed => Reason::ProofReplayed,
            },
            Self::Nonce { problem, .. } => match problem {
                NonceProblem::Missing => Reason::NonceMissing,
                NonceProblem::Stale => Reason::NonceStale,
                NonceProblem::Foreign => Reason::NonceForeign,
                NonceProblem::OtherEpoch => Reason::NonceOtherEpoch,
                NonceProblem::BeforeEpoch => Reason::ProofBeforeEpoch,
                NonceProblem::Forgotten => Reason::ProofForgotten,
            },
            Self::Token(token) => match token {
                TokenError::BearerScheme => Reason::TokenBearerScheme,
                TokenError::NotJwt => Reason::TokenNotJwt,
                TokenError::Malformed => Reason::TokenMalformed,
                TokenError::Type => Reason::TokenType,
                TokenError::Algorithm => Reason::TokenAlgorithm,
                TokenError::MissingClaim => Reason::TokenMissingClaim,
                TokenError::Issuer => Reason::TokenIssuer,
                TokenError::Audience => Reason::TokenAudience,
                TokenError::Expired => Reason::TokenExpired,
                TokenError::NotYetValid => Reason::TokenNotYetValid,
                TokenError::UnknownKey => Reason::TokenUnknownKey,
                TokenError::Signature => Reason::TokenSignature,
                TokenError::Inactive => Reason::TokenInactive,
                TokenError::NotBound => Reason::TokenNotBound,
            },
            Self::Binding(binding) => match binding {
                BindingError::OtherKey => Reason::BindingOtherKey,
                BindingError::NoCertificate => Reason::BindingNoCertificate,
                BindingError::OtherCertificate => Reason::BindingOtherCertificate,
            },
            Self::Insufficient(lacking) => match lacking {
                PolicyError::StepUp(_) => Reason::RuleAuthentication,
                PolicyError::Scope(_) => Reason::RuleScope,
                PolicyError::AuthorizationDetails => Reason::RuleAuthorizationDetails,
                PolicyError::IssuerNotAllowed => Reason::RuleIssuer,
                PolicyError::NoRule => Reason::NoRule,
            },
            Self::Quota(QuotaExceeded::Client) => Reason::QuotaClient,
            Self::Quota(QuotaExceeded::Key) => Reason::QuotaKey,
            Self::Unavailable(dependency, _) => match dependency {
                Dependency::Keys => Reason::KeysUnavailable,
                Dependency::Introspection => Reason::IntrospectionUnavailable,
                Dependency::ReplayStore => Reason::ReplayStoreUnavailable,
                Dependency::ReplayCapacity => Reason::ReplayStoreFull,
            },
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason().fmt(f)
    }
}

impl std::error::Error for Denial {}
