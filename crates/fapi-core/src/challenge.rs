//! From a denial to the wire: the only code that knows status codes and `WWW-Authenticate`.

use std::fmt::Write as _;

use crate::denial::{Denial, Malformed, ProofError, TokenError};
use crate::dpop::Nonce;
use crate::policy::{Constraint, Policy, PublicOrigin};
use crate::rules::PolicyError;

/// The answer to a refused request, for any host to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    status: u16,
    grpc_code: u8,
    www_authenticate: Vec<String>,
    nonce: Option<Nonce>,
    retry_after: Option<u32>,
}

/// The error codes of RFC 6750 §3.1, RFC 9449 §7.1 and §12.2, RFC 9470 §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    InvalidRequest,
    InvalidToken,
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidDpopProof,
    UseDpopNonce,
}

impl Code {
    const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }

    const fn status(self) -> (u16, u8) {
        match self {
            Self::InvalidRequest => (400, 3),
            Self::InsufficientScope => (403, 7),
            Self::InvalidToken
            | Self::InsufficientUserAuthentication
            | Self::InvalidDpopProof
            | Self::UseDpopNonce => (401, 16),
        }
    }

    /// Whether a client that came with a certificate has to do with it.
    const fn concerns_dpop_alone(self) -> bool {
        matches!(self, Self::InvalidDpopProof | Self::UseDpopNonce)
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
    /// The answer to `denial` under `policy`, for a request that came to `authority`.
    #[must_use]
    pub fn new(denial: &Denial, policy: &Policy, authority: Option<&str>) -> Self {
        let origin = policy.origin_of(authority).map(|(_, public)| public);
        Self::at_origin(denial, policy, origin)
    }

    /// The answer to a request that came to this origin.
    pub(crate) fn at_origin(
        denial: &Denial,
        policy: &Policy,
        origin: Option<&PublicOrigin>,
    ) -> Self {
        let metadata = origin.map(PublicOrigin::metadata_url);
        let challenge = |error| challenges(error, denial, policy, metadata);
        let (status, grpc_code, www_authenticate, retry_after) = match answer(denial) {
            // RFC 6750 §3.1: no error code where no authentication was attempted.
            Answer::Bare => (401, 16, challenge(None), None),
            Answer::Error(code, description) => {
                let (status, grpc_code) = code.status();
                (
                    status,
                    grpc_code,
                    challenge(Some((code, description))),
                    None,
                )
            }
            Answer::Later {
                status,
                grpc_code,
                retry_after,
            } => (status, grpc_code, Vec::new(), Some(retry_after)),
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

    /// The HTTP status: 400, 401, 403, 429 or 503.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The gRPC status code that goes with it: 3, 7, 8, 14 or 16.
    #[must_use]
    pub const fn grpc_code(&self) -> u8 {
        self.grpc_code
    }

    /// The values of `WWW-Authenticate`, one for each accepted scheme: printable ASCII, made of fixed phrases and of what
    /// the configuration says. A 5xx or 429 has none.
    pub fn www_authenticate(&self) -> impl Iterator<Item = &str> {
        self.www_authenticate.iter().map(String::as_str)
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

/// RFC 9449 §7.1: one challenge for each scheme that is accepted.
fn challenges(
    error: Option<(Code, &'static str)>,
    denial: &Denial,
    policy: &Policy,
    metadata: Option<&str>,
) -> Vec<String> {
    let mut dpop = Scheme::new("DPoP");
    dpop.error(error, denial);
    dpop.parameter("algs", policy.proof_algorithms());
    dpop.optional("resource_metadata", metadata);
    let mut challenges = vec![dpop.text];
    if policy.constraint() == Constraint::DpopOrCertificate {
        let mut bearer = Scheme::new("Bearer");
        bearer.error(
            error.filter(|(code, _)| !code.concerns_dpop_alone()),
            denial,
        );
        bearer.optional("resource_metadata", metadata);
        challenges.push(bearer.text);
    }
    challenges
}

/// One challenge (RFC 9110 §11.6.1), its parameters as quoted strings.
struct Scheme {
    text: String,
    separator: &'static str,
}

impl Scheme {
    fn new(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            separator: " ",
        }
    }

    /// The value comes from fixed phrases and from the configuration, which allows nothing there that needs an escape.
    fn parameter(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing into a string does not fail.
        let _ = write!(self.text, "{}{name}=\"{value}\"", self.separator);
        self.separator = ", ";
    }

    fn optional(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.parameter(name, value);
        }
    }

    fn error(&mut self, error: Option<(Code, &'static str)>, denial: &Denial) {
        let Some((code, description)) = error else {
            return;
        };
        self.parameter("error", code.name());
        self.parameter("error_description", description);
        match denial {
            Denial::Insufficient(PolicyError::StepUp(needed)) => {
                self.optional("acr_values", needed.acr_values());
                self.optional("max_age", needed.max_age_seconds());
                self.optional("scope", needed.scope());
            }
            Denial::Insufficient(PolicyError::Scope(missing)) => {
                self.parameter("scope", missing.required());
            }
            _ => {}
        }
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
                Malformed::AmbiguousPath => "The path is ambiguous",
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
        Denial::Insufficient(lacking) => match lacking {
            PolicyError::StepUp(_) => Answer::Error(
                Code::InsufficientUserAuthentication,
                "Stronger or more recent authentication is required",
            ),
            PolicyError::Scope(_) => {
                Answer::Error(Code::InsufficientScope, "The access token lacks scope")
            }
            PolicyError::AuthorizationDetails => Answer::Error(
                Code::InsufficientScope,
                "The access token lacks authorization details",
            ),
            PolicyError::IssuerNotAllowed | PolicyError::NoRule => Answer::Error(
                Code::InsufficientScope,
                "The access token does not serve here",
            ),
        },
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
    use crate::config::{Config, MtlsConfig, Rule};
    use crate::denial::{BindingError, Dependency, NonceProblem, Reason, Unavailable};
    use crate::dpop::{Epoch, NonceKeys, QuotaExceeded};
    use crate::jose::Thumbprint;
    use crate::rules::{Rules, Selection, TokenView};
    use crate::token::Scope;

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
        let lacking = |lacking, text| {
            let denial = Denial::Insufficient(lacking);
            (denial, 403, 7, "insufficient_scope", text)
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
            request(Bad(Malformed::AmbiguousPath), "The path is ambiguous"),
            lacking(
                PolicyError::AuthorizationDetails,
                "The access token lacks authorization details",
            ),
            lacking(
                PolicyError::IssuerNotAllowed,
                "The access token does not serve here",
            ),
            lacking(PolicyError::NoRule, "The access token does not serve here"),
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
            binding(BindingError::OtherCertificate),
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
        const ALGS: &str = concat!(
            "algs=\"ES256 PS256 EdDSA Ed25519\", ",
            "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\""
        );
        let policy = policy();
        for (denial, status, grpc_code, error, description) in table() {
            let challenge = Challenge::new(&denial, &policy, None);
            let text = match (status, error) {
                (401, "") => Some(format!("DPoP {ALGS}")),
                (_, "") => None,
                _ => Some(format!(
                    "DPoP error=\"{error}\", error_description=\"{description}\", {ALGS}"
                )),
            };
            assert_eq!(challenge.status(), status, "{denial}");
            assert_eq!(challenge.grpc_code(), grpc_code, "{denial}");
            let challenges: Vec<_> = challenge.www_authenticate().collect();
            assert_eq!(challenges, Vec::from_iter(text.as_deref()), "{denial}");
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

    /// A token without scope and `acr` under rules that ask for them.
    fn lacking_by_rule() -> [Denial; 2] {
        let strong = Rule::new("/strong")
            .scopes(["payments"])
            .acr_values(["loa3", "loa4"])
            .max_age_seconds(300);
        let scoped = Rule::new("/scoped").scopes(["accounts", "payments"]);
        let config = Config::builder("https://api.example.com")
            .issuer("https://as.example.com")
            .rule(strong)
            .rule(scoped)
            .build()
            .unwrap();
        let rules = Rules::compile(&config).unwrap();
        ["/strong", "/scoped"].map(|path| {
            let Selection::Rule(rule) = rules.select("GET", path) else {
                panic!("no rule for {path}");
            };
            let token = TokenView {
                issuer: "https://as.example.com",
                scope: &Scope::default(),
                claims: "{}",
                resource: "https://api.example.com",
            };
            Denial::Insufficient(rule.check(&token, NOW, 10).unwrap_err())
        })
    }

    #[test]
    fn what_a_rule_lacks_is_named() {
        let [step_up, scope] = lacking_by_rule();
        let policy = policy();
        for (denial, status, parameters) in [
            (
                step_up,
                401,
                "error=\"insufficient_user_authentication\", \
                 error_description=\"Stronger or more recent authentication is required\", \
                 acr_values=\"loa3 loa4\", max_age=\"300\", scope=\"payments\", algs=",
            ),
            (
                scope,
                403,
                "error=\"insufficient_scope\", \
                 error_description=\"The access token lacks scope\", \
                 scope=\"accounts payments\", algs=",
            ),
        ] {
            let challenge = Challenge::new(&denial, &policy, None);
            assert_eq!(challenge.status(), status);
            let text = challenge.www_authenticate().next().unwrap();
            let start = format!("DPoP {parameters}");
            assert!(text.starts_with(&start), "{text}");
        }
    }

    #[test]
    fn bearer_is_challenged_where_certificates_are_accepted() {
        let mut config = Config::builder("https://api.example.com")
            .issuer("https://as.example.com")
            .mtls(MtlsConfig::default())
            .dpop_or_mtls()
            .build()
            .unwrap();
        config.origin = None;
        let policy = Policy::new(&config).unwrap();
        let of = |denial: &Denial| {
            let challenge = Challenge::new(denial, &policy, None);
            let texts: Vec<_> = challenge.www_authenticate().map(str::to_owned).collect();
            texts
        };
        let [dpop, bearer] = of(&Denial::NoCredentials).try_into().unwrap();
        assert!(dpop.starts_with("DPoP algs="), "{dpop}");
        assert!(bearer.starts_with("Bearer resource_metadata="), "{bearer}");
        let [_, bearer] = of(&Denial::Token(TokenError::Expired)).try_into().unwrap();
        assert!(
            bearer.starts_with("Bearer error=\"invalid_token\""),
            "{bearer}"
        );
        let [dpop, bearer] = of(&Denial::Proof(ProofError::Method)).try_into().unwrap();
        assert!(dpop.contains("invalid_dpop_proof"), "{dpop}");
        assert!(!bearer.contains("error"), "{bearer}");
    }

    #[test]
    fn the_table_has_every_reason_once() {
        let reasons = table().into_iter().map(|(denial, ..)| denial.reason());
        let by_rule = lacking_by_rule().into_iter().map(|denial| denial.reason());
        let reasons: HashSet<_> = reasons.chain(by_rule).collect();
        for reason in Reason::ALL {
            assert!(reasons.contains(reason), "{reason}");
        }
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
