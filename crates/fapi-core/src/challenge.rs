//! From a denial to the wire: the only code that knows status codes and `WWW-Authenticate`.

use crate::denial::{Denial, Malformed, ProofError, TokenError};
use crate::dpop::Nonce;
use crate::policy::Policy;

/// The answer to a refused request, for any host to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    status: u16,
    grpc_code: u8,
    www_authenticate: Option<String>,
    nonce: Option<Nonce>,
    retry_after: Option<u32>,
}

/// The error codes of RFC 6750 §3.1, RFC 9449 §7.1 and §12.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    InvalidRequest,
    InvalidToken,
    InvalidDpopProof,
    UseDpopNonce,
}

impl Code {
    const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }
}

/// What a denial becomes: a challenge (with an error, or bare), or a failure that is not the client's.
enum Answer {
    Bare,
    Error(Code, &'static str),
    Later {
        status: u16,
        grpc_code: u8,
        retry_after: u32,
    },
}

impl Challenge {
    /// The answer to `denial` under `policy`.
    #[must_use]
    pub fn new(denial: &Denial, policy: &Policy) -> Self {
        let algorithms = policy.proof_algorithms();
        let (status, grpc_code, www_authenticate, retry_after) = match answer(denial) {
            // RFC 6750 §3.1: no error code where no authentication was attempted.
            Answer::Bare => (401, 16, Some(format!("DPoP algs=\"{algorithms}\"")), None),
            Answer::Error(code, description) => {
                let (status, grpc_code) = match code {
                    Code::InvalidRequest => (400, 3),
                    Code::InvalidToken | Code::InvalidDpopProof | Code::UseDpopNonce => (401, 16),
                };
                let challenge = format!(
                    "DPoP error=\"{}\", error_description=\"{description}\", algs=\"{algorithms}\"",
                    code.name()
                );
                (status, grpc_code, Some(challenge), None)
            }
            Answer::Later {
                status,
                grpc_code,
                retry_after,
            } => (status, grpc_code, None, Some(retry_after)),
        };
        Self {
            status,
            grpc_code,
            www_authenticate,
            nonce: match denial {
                Denial::Nonce { fresh, .. } => Some(fresh.clone()),
                _ => None,
            },
            retry_after,
        }
    }

    /// The HTTP status: 400, 401, 429 or 503.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The gRPC status code that goes with it: 3, 8, 14 or 16.
    #[must_use]
    pub const fn grpc_code(&self) -> u8 {
        self.grpc_code
    }

    /// The value of `WWW-Authenticate`: printable ASCII, made of fixed phrases. A 5xx or 429 has none.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&str> {
        self.www_authenticate.as_deref()
    }

    /// The value of `DPoP-Nonce`.
    #[must_use]
    pub const fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// The value of `Retry-After`, in seconds.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }
}

/// The phrases are fixed: nothing of the request comes back, and they say no more than the client could know.
fn answer(denial: &Denial) -> Answer {
    match denial {
        Denial::NoCredentials => Answer::Bare,
        Denial::Malformed(malformed) => Answer::Error(
            Code::InvalidRequest,
            match malformed {
                Malformed::SeveralCredentials => "More than one access token was presented",
                Malformed::AuthorizationSyntax => "The Authorization header is malformed",
                Malformed::TokenTooLarge => "The access token is too large",
                Malformed::TokenInQuery => "An access token must not be sent in the query",
            },
        ),
        Denial::Proof(proof) => Answer::Error(
            Code::InvalidDpopProof,
            match proof {
                ProofError::Missing => "A DPoP proof is required",
                ProofError::Several => "More than one DPoP proof was presented",
                ProofError::TooLarge => "The DPoP proof is too large",
                ProofError::Malformed => "The DPoP proof is malformed",
                ProofError::Type => "The DPoP proof has the wrong typ",
                ProofError::Algorithm => {
                    "The DPoP proof is signed with an algorithm that is not accepted"
                }
                ProofError::Key => "The DPoP proof shows a key that is not accepted",
                ProofError::Method => "The DPoP proof is for another method",
                ProofError::Target | ProofError::UnknownAuthority => {
                    "The DPoP proof is for another URI"
                }
                ProofError::TooOld => "The DPoP proof is too old",
                ProofError::FromFuture => "The DPoP proof is from the future",
                ProofError::OutsideValidity => "The DPoP proof is not valid now",
                ProofError::TokenHash => "The DPoP proof is for another access token",
                ProofError::Signature => "The signature of the DPoP proof is wrong",
                ProofError::Replayed => "The DPoP proof was used before",
            },
        ),
        Denial::Nonce { .. } => Answer::Error(
            Code::UseDpopNonce,
            "Resource server requires nonce in DPoP proof",
        ),
        Denial::Token(token) => Answer::Error(
            Code::InvalidToken,
            match token {
                TokenError::BearerScheme => {
                    "The access token must be presented with the DPoP scheme"
                }
                TokenError::Expired => "The access token has expired",
                TokenError::NotBound => "The access token is not bound to its sender",
                TokenError::NotJwt
                | TokenError::Malformed
                | TokenError::Type
                | TokenError::Algorithm
                | TokenError::MissingClaim
                | TokenError::Issuer
                | TokenError::Audience
                | TokenError::NotYetValid
                | TokenError::UnknownKey
                | TokenError::Signature
                | TokenError::Inactive => "The access token is not valid here",
            },
        ),
        // One phrase for both: RFC 9449 figure 16 has it for the key.
        Denial::Binding(_) => Answer::Error(Code::InvalidToken, "Invalid DPoP key binding"),
        Denial::Quota(_) => Answer::Later {
            status: 429,
            grpc_code: 8,
            retry_after: 1,
        },
        Denial::Unavailable(_, unavailable) => Answer::Later {
            status: 503,
            grpc_code: 14,
            retry_after: unavailable.retry_after(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::UnixTime;
    use crate::config::Config;
    use crate::denial::{BindingError, Dependency, NonceProblem, Reason, Unavailable};
    use crate::dpop::{Epoch, NonceKeys, QuotaExceeded};
    use crate::jose::Thumbprint;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn policy() -> Policy {
        let config = Config::builder("https://api.example.com")
            .issuer("https://as.example.com")
            .build();
        Policy::new(&config.unwrap()).unwrap()
    }

    fn nonce(problem: NonceProblem) -> Denial {
        let keys = NonceKeys::new(&[9; 32], []).unwrap();
        let key = Thumbprint::from_bytes([1; 32]);
        Denial::Nonce {
            problem,
            fresh: keys.mint(&key, &Epoch::new(7, NOW), NOW),
        }
    }

    fn later(dependency: Dependency) -> Denial {
        Denial::Unavailable(dependency, Unavailable::retry_after_seconds(5))
    }

    /// Every denial: its status, gRPC code, error and description. No error: no challenge.
    fn table() -> Vec<(Denial, u16, u8, &'static str, &'static str)> {
        use Denial::{Binding, Malformed as Bad, Proof, Quota, Token};
        let request = |denial, text| (denial, 400, 3, "invalid_request", text);
        let proof = |denial, text| (Proof(denial), 401, 16, "invalid_dpop_proof", text);
        let token = |denial, text| (Token(denial), 401, 16, "invalid_token", text);
        let binding = |denial| {
            let text = "Invalid DPoP key binding";
            (Binding(denial), 401, 16, "invalid_token", text)
        };
        let use_nonce = |problem| {
            let text = "Resource server requires nonce in DPoP proof";
            (nonce(problem), 401, 16, "use_dpop_nonce", text)
        };
        let quota = |exceeded| (Quota(exceeded), 429, 8, "", "");
        let not_there = |dependency| (later(dependency), 503, 14, "", "");
        let invalid = "The access token is not valid here";
        let other_uri = "The DPoP proof is for another URI";
        vec![
            (Denial::NoCredentials, 401, 16, "", ""),
            request(
                Bad(Malformed::SeveralCredentials),
                "More than one access token was presented",
            ),
            request(
                Bad(Malformed::AuthorizationSyntax),
                "The Authorization header is malformed",
            ),
            request(
                Bad(Malformed::TokenTooLarge),
                "The access token is too large",
            ),
            request(
                Bad(Malformed::TokenInQuery),
                "An access token must not be sent in the query",
            ),
            proof(ProofError::Missing, "A DPoP proof is required"),
            proof(
                ProofError::Several,
                "More than one DPoP proof was presented",
            ),
            proof(ProofError::TooLarge, "The DPoP proof is too large"),
            proof(ProofError::Malformed, "The DPoP proof is malformed"),
            proof(ProofError::Type, "The DPoP proof has the wrong typ"),
            proof(
                ProofError::Algorithm,
                "The DPoP proof is signed with an algorithm that is not accepted",
            ),
            proof(
                ProofError::Key,
                "The DPoP proof shows a key that is not accepted",
            ),
            proof(ProofError::Method, "The DPoP proof is for another method"),
            proof(ProofError::Target, other_uri),
            proof(ProofError::UnknownAuthority, other_uri),
            proof(ProofError::TooOld, "The DPoP proof is too old"),
            proof(ProofError::FromFuture, "The DPoP proof is from the future"),
            proof(
                ProofError::OutsideValidity,
                "The DPoP proof is not valid now",
            ),
            proof(
                ProofError::TokenHash,
                "The DPoP proof is for another access token",
            ),
            proof(
                ProofError::Signature,
                "The signature of the DPoP proof is wrong",
            ),
            proof(ProofError::Replayed, "The DPoP proof was used before"),
            use_nonce(NonceProblem::Missing),
            use_nonce(NonceProblem::Stale),
            use_nonce(NonceProblem::Foreign),
            use_nonce(NonceProblem::OtherEpoch),
            use_nonce(NonceProblem::BeforeEpoch),
            use_nonce(NonceProblem::Forgotten),
            token(
                TokenError::BearerScheme,
                "The access token must be presented with the DPoP scheme",
            ),
            token(TokenError::NotJwt, invalid),
            token(TokenError::Malformed, invalid),
            token(TokenError::Type, invalid),
            token(TokenError::Algorithm, invalid),
            token(TokenError::MissingClaim, invalid),
            token(TokenError::Issuer, invalid),
            token(TokenError::Audience, invalid),
            token(TokenError::Expired, "The access token has expired"),
            token(TokenError::NotYetValid, invalid),
            token(TokenError::UnknownKey, invalid),
            token(TokenError::Signature, invalid),
            token(TokenError::Inactive, invalid),
            token(
                TokenError::NotBound,
                "The access token is not bound to its sender",
            ),
            binding(BindingError::OtherKey),
            binding(BindingError::NoCertificate),
            quota(QuotaExceeded::Client),
            quota(QuotaExceeded::Key),
            not_there(Dependency::Keys),
            not_there(Dependency::Introspection),
            not_there(Dependency::ReplayStore),
            not_there(Dependency::ReplayCapacity),
        ]
    }

    #[test]
    fn every_denial_has_its_answer() {
        const ALGS: &str = "algs=\"ES256 PS256 EdDSA Ed25519\"";
        let policy = policy();
        for (denial, status, grpc_code, error, description) in table() {
            let challenge = Challenge::new(&denial, &policy);
            let text = match (status, error) {
                (401, "") => Some(format!("DPoP {ALGS}")),
                (_, "") => None,
                _ => Some(format!(
                    "DPoP error=\"{error}\", error_description=\"{description}\", {ALGS}"
                )),
            };
            assert_eq!(challenge.status(), status, "{denial}");
            assert_eq!(challenge.grpc_code(), grpc_code, "{denial}");
            assert_eq!(challenge.www_authenticate(), text.as_deref(), "{denial}");
            let gives_nonce = error == "use_dpop_nonce";
            assert_eq!(challenge.nonce().is_some(), gives_nonce, "{denial}");
            let retry_after = match status {
                429 => Some(1),
                503 => Some(5),
                _ => None,
            };
            assert_eq!(challenge.retry_after(), retry_after, "{denial}");
        }
    }

    #[test]
    fn the_table_has_every_reason_once() {
        let reasons: Vec<_> = table().iter().map(|(denial, ..)| denial.reason()).collect();
        assert_eq!(reasons, Reason::ALL);
        let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len(), "each code once");
    }

    /// RFC 6750 §3 allows only these characters in `error` and `error_description`.
    #[test]
    fn phrases_need_no_escapes() {
        for (denial, _, _, error, description) in table() {
            let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(
                error.bytes().chain(description.bytes()).all(allowed),
                "{denial}"
            );
        }
    }
}
