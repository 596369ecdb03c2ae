//! What the configuration means: checked and resolved once, read on every request.

use std::sync::Arc;

use crate::config::{
    self, Config, ConfigError, Mode, OpaqueToken, Preflight, Revocation, TokenFormat, Unmatched,
};
use crate::denial::Denial;
use crate::dpop::{Origin, ProofRules};
use crate::jose::AlgorithmSet;
use crate::metadata::ResourceMetadata;
use crate::request::{PresentedRequest, RequestKind};
use crate::rules::{PolicyError, Rule, Rules, Selection, TokenView};
use crate::time::UnixTime;
use crate::token::{CertificateThumbprint, VerifiedToken};

/// Values of which a token's `aud` must have one.
pub(crate) type Audiences = [Box<str>];

/// A configuration, compiled for the verifier.
#[derive(Debug)]
pub struct Policy {
    origins: OriginRule,
    issuers: Vec<TrustedIssuer>,
    proof: ProofRules,
    proof_algorithms: Box<str>,
    token_algorithms: AlgorithmSet,
    token_cache_seconds: i64,
    replay: ReplayRule,
    constraint: Constraint,
    rules: Rules,
    preflight: Preflight,
    mode: Mode,
}

/// How a request finds its public origin.
#[derive(Clone, Debug)]
enum OriginRule {
    /// One origin, whatever the client calls us.
    Fixed(PublicOrigin),
    /// The request's authority selects one.
    ByAuthority(Vec<PublicOrigin>),
}

/// A public origin and the resource that lives there.
#[derive(Clone, Debug)]
pub(crate) struct PublicOrigin {
    pub(crate) origin: Origin,
    pub(crate) resource: Box<str>,
    pub(crate) audiences: Box<Audiences>,
    pub(crate) path_prefix: Box<str>,
    metadata: ResourceMetadata,
}

/// An authorization server whose tokens are accepted.
#[derive(Clone, Debug)]
pub(crate) struct TrustedIssuer {
    name: Arc<str>,
    format: TokenFormat,
    revocation: Revocation,
    opaque_token: Option<OpaqueToken>,
    /// Whom a signed introspection response may name as its audience: us, as a client and as a resource.
    introspection_audiences: Box<Audiences>,
    answers: IntrospectionAnswers,
}

/// What is accepted from an introspection endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntrospectionAnswers {
    /// Signed ones (RFC 9701); a plain one is no answer.
    Signed,
    /// Plain ones too.
    Any,
}

/// How a request came in: what the later stages need to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its place among the public origins.
    pub(crate) origin: usize,
    /// What is asked of it beyond a good token.
    pub(crate) rule: RuleChoice,
    /// The certificate that the client proved to have in its TLS handshake.
    pub(crate) certificate: Option<CertificateThumbprint>,
}

/// Which proofs of possession are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// DPoP alone (`dpop.required`).
    Dpop,
    /// DPoP, or a client certificate (RFC 8705).
    DpopOrCertificate,
}

/// What is asked of a request beyond a good token.
#[derive(Clone, Debug)]
pub(crate) enum RuleChoice {
    Rule(Arc<Rule>),
    /// No rule matches.
    Unmatched(Unmatched),
}

/// What stands before a request.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// Nothing.
    Open,
    /// A good token, and what the rule asks for.
    Token(RuleChoice),
    /// Its path may be read differently by the application than by the rules.
    Ambiguous,
}

/// Whether this verifier asks for a replay check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayRule {
    Check,
    /// `dangerous_replay_handled_elsewhere`.
    Elsewhere,
}

impl Policy {
    /// Compiles a configuration.
    ///
    /// # Errors
    ///
    /// The document contradicts itself, or asks for what this version does not do; the error has the field's path.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        config.validate()?;
        let dpop = &config.dpop;
        let algorithms: AlgorithmSet = dpop.algs.iter().map(|name| name.algorithm()).collect();
        Ok(Self {
            origins: origins(config)?,
            issuers: config
                .issuers
                .iter()
                .map(|issuer| TrustedIssuer::new(issuer, &config.resource))
                .collect(),
            proof: ProofRules::new(dpop),
            proof_algorithms: algorithms.names().collect::<Vec<_>>().join(" ").into(),
            token_algorithms: config
                .effective_token_algs()
                .iter()
                .map(|name| name.algorithm())
                .collect(),
            token_cache_seconds: config.token_cache_seconds.into(),
            replay: match dpop.replay.effective_store() {
                Some(_) => ReplayRule::Check,
                None => ReplayRule::Elsewhere,
            },
            constraint: match (&config.mtls, dpop.required) {
                (Some(_), false) => Constraint::DpopOrCertificate,
                (Some(_) | None, _) => Constraint::Dpop,
            },
            rules: Rules::compile(config)?,
            preflight: config.preflight,
            mode: config.mode,
        })
    }

    /// Seconds for which a store must remember an accepted proof, at most. Capacity divided by this is the rate of
    /// requests that a store can sustain.
    #[must_use]
    pub fn replay_lifetime_seconds(&self) -> i64 {
        self.proof.replay_lifetime()
    }

    /// The metadata (RFC 9728) of the resource at `authority`.
    #[must_use]
    pub fn metadata_of(&self, authority: Option<&str>) -> Option<&ResourceMetadata> {
        self.origin_of(authority)
            .map(|(_, public)| &public.metadata)
    }

    /// Whether CORS preflight requests pass without a token (`preflight: allow`).
    #[must_use]
    pub fn lets_preflight_pass(&self) -> bool {
        self.preflight == Preflight::Allow
    }

    /// The value of `algs` in challenges (RFC 9449 §7.1).
    pub(crate) fn proof_algorithms(&self) -> &str {
        &self.proof_algorithms
    }

    pub(crate) const fn proof_rules(&self) -> &ProofRules {
        &self.proof
    }

    pub(crate) const fn token_algorithms(&self) -> AlgorithmSet {
        self.token_algorithms
    }

    pub(crate) const fn token_cache_seconds(&self) -> i64 {
        self.token_cache_seconds
    }

    pub(crate) const fn future(&self) -> i64 {
        self.proof.future
    }

    pub(crate) const fn replay(&self) -> ReplayRule {
        self.replay
    }

    /// The public origin of a request, and its place among the configured ones. An authority selects, it never creates.
    pub(crate) fn origin_of(&self, authority: Option<&str>) -> Option<(usize, &PublicOrigin)> {
        match &self.origins {
            OriginRule::Fixed(only) => Some((0, only)),
            OriginRule::ByAuthority(origins) => {
                let authority = authority?;
                origins
                    .iter()
                    .enumerate()
                    .find(|(_, entry)| entry.origin.has_authority(authority))
            }
        }
    }

    pub(crate) fn origin_at(&self, place: usize) -> Option<&PublicOrigin> {
        match &self.origins {
            OriginRule::Fixed(only) => (place == 0).then_some(only),
            OriginRule::ByAuthority(origins) => origins.get(place),
        }
    }

    /// The trusted issuer with exactly this name, if it gives out JWTs.
    pub(crate) fn jwt_issuer(&self, name: &str) -> Option<&TrustedIssuer> {
        self.issuers
            .iter()
            .find(|issuer| *issuer.name == *name)
            .filter(|issuer| matches!(issuer.format, TokenFormat::Jwt | TokenFormat::Any))
    }

    pub(crate) const fn constraint(&self) -> Constraint {
        self.constraint
    }

    /// The mode of the document, for requests that no rule has been found for.
    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// What stands before a request.
    pub(crate) fn guard(&self, request: &PresentedRequest<'_>) -> Guard {
        // Fetch Standard §4.8: a browser sends no credentials with a preflight request.
        if request.kind == RequestKind::CorsPreflight && self.lets_preflight_pass() {
            return Guard::Open;
        }
        match self.rules.select(request.method, request.path) {
            Selection::Public(_) => Guard::Open,
            Selection::Rule(rule) => Guard::Token(RuleChoice::Rule(Arc::clone(rule))),
            Selection::Unmatched(unmatched) => Guard::Token(RuleChoice::Unmatched(unmatched)),
            Selection::Ambiguous => Guard::Ambiguous,
        }
    }

    /// Whether a request under this rule is refused or only reported.
    pub(crate) fn mode_of(&self, choice: &RuleChoice) -> Mode {
        match choice {
            RuleChoice::Rule(rule) => rule.mode(),
            RuleChoice::Unmatched(_) => self.mode,
        }
    }

    /// Stage 6: what is asked beyond a good token.
    pub(crate) fn check_rule(
        &self,
        entry: &Entry,
        token: &VerifiedToken,
        now: UnixTime,
    ) -> Result<(), Denial> {
        match &entry.rule {
            RuleChoice::Unmatched(Unmatched::Authenticated) => Ok(()),
            RuleChoice::Unmatched(Unmatched::Deny) => {
                Err(Denial::Insufficient(PolicyError::NoRule))
            }
            RuleChoice::Rule(rule) => {
                let view = self.view(token, entry.origin);
                rule.check(&view, now, self.future())
                    .map_err(Denial::Insufficient)
            }
        }
    }

    /// What requirements look at in a token that came to the origin at `place`.
    pub(crate) fn view<'a>(&'a self, token: &'a VerifiedToken, place: usize) -> TokenView<'a> {
        TokenView {
            issuer: &token.issuer,
            scope: &token.scope,
            claims: &token.claims,
            resource: self.resource_at(place),
        }
    }

    /// The resource identifier of the origin at `place`.
    pub(crate) fn resource_at(&self, place: usize) -> &str {
        self.origin_at(place).map_or("", |public| &public.resource)
    }

    /// The trusted issuer with exactly this name.
    pub(crate) fn issuer(&self, name: &str) -> Option<&TrustedIssuer> {
        self.issuers.iter().find(|issuer| *issuer.name == *name)
    }

    /// Whether JWTs of this issuer are asked about, too.
    pub(crate) fn introspects(&self, issuer: &str) -> bool {
        self.issuers
            .iter()
            .any(|known| *known.name == *issuer && known.revocation == Revocation::Introspect)
    }

    /// The one issuer that gives out reference tokens, if this could be one: what cannot be is never asked about.
    pub(crate) fn opaque_issuer_of(&self, token: &str) -> Option<&TrustedIssuer> {
        self.opaque_issuer()
            .filter(|issuer| issuer.could_have_made(token))
    }

    /// The one issuer that gives out reference tokens.
    pub(crate) fn opaque_issuer(&self) -> Option<&TrustedIssuer> {
        self.issuers
            .iter()
            .find(|issuer| matches!(issuer.format, TokenFormat::Opaque | TokenFormat::Any))
    }
}

impl PublicOrigin {
    /// The value of `resource_metadata` in challenges (RFC 9728 §5.1).
    pub(crate) fn metadata_url(&self) -> &str {
        self.metadata.url()
    }
}

impl TrustedIssuer {
    fn new(config: &config::IssuerConfig, resource: &str) -> Self {
        Self {
            name: config.issuer.as_str().into(),
            format: config.token_format,
            revocation: config.revocation,
            opaque_token: config
                .introspection
                .as_ref()
                .and_then(|introspection| introspection.opaque_token.clone()),
            introspection_audiences: config
                .introspection
                .iter()
                .map(|introspection| introspection.client_id.as_str().into())
                .chain([resource.into()])
                .collect(),
            answers: match &config.introspection {
                Some(introspection) if introspection.signed_response => {
                    IntrospectionAnswers::Signed
                }
                Some(_) | None => IntrospectionAnswers::Any,
            },
        }
    }

    pub(crate) const fn introspection_audiences(&self) -> &Audiences {
        &self.introspection_audiences
    }

    pub(crate) const fn introspection_answers(&self) -> IntrospectionAnswers {
        self.answers
    }

    /// Whether a reference token of this issuer can look like this.
    fn could_have_made(&self, token: &str) -> bool {
        self.opaque_token.as_ref().is_none_or(|shape| {
            let prefixed = shape
                .prefix
                .as_ref()
                .is_none_or(|prefix| token.starts_with(prefix.as_str()));
            let sized = shape
                .length
                .is_none_or(|length| usize::try_from(length) == Ok(token.len()));
            prefixed && sized
        })
    }

    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

fn origins(config: &Config) -> Result<OriginRule, ConfigError> {
    let document_audiences = || config.effective_audiences().map(Into::into).collect();
    let Some(entries) = &config.origins else {
        let (path, origin) = match &config.origin {
            Some(origin) => ("origin", Origin::parse(origin)),
            None => ("resource", Origin::of_uri(&config.resource)),
        };
        return Ok(OriginRule::Fixed(PublicOrigin {
            origin: origin.map_err(|error| ConfigError::invalid(path, error.to_string()))?,
            resource: config.resource.as_str().into(),
            audiences: document_audiences(),
            path_prefix: "".into(),
            metadata: ResourceMetadata::new(config, &config.resource),
        }));
    };
    let compile = |(place, entry): (usize, &config::OriginConfig)| {
        let origin = Origin::parse(&entry.origin).map_err(|error| {
            ConfigError::invalid(format!("origins[{place}].origin"), error.to_string())
        })?;
        let resource = entry.resource.as_ref().unwrap_or(&config.resource);
        Ok(PublicOrigin {
            origin,
            metadata: ResourceMetadata::new(config, resource),
            resource: resource.as_str().into(),
            audiences: match (&entry.audiences, &entry.resource) {
                (Some(audiences), _) => audiences.iter().map(|one| one.as_str().into()).collect(),
                (None, Some(resource)) => [resource.as_str().into()].into(),
                (None, None) => document_audiences(),
            },
            path_prefix: entry.path_prefix.as_deref().unwrap_or_default().into(),
        })
    };
    let compiled: Result<_, ConfigError> = entries.iter().enumerate().map(compile).collect();
    Ok(OriginRule::ByAuthority(compiled?))
}
