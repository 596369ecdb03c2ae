//! What the configuration means: checked and resolved once, read on every request.

use std::sync::Arc;

use crate::config::{self, Config, ConfigError, Mode, Preflight, Revocation, TokenFormat};
use crate::dpop::{Origin, ProofRules};
use crate::jose::AlgorithmSet;

/// Values of which a token's `aud` must have one.
pub(crate) type Audiences = [Box<str>];

/// A configuration, compiled for the verifier.
#[derive(Clone, Debug)]
pub struct Policy {
    origins: OriginRule,
    issuers: Vec<TrustedIssuer>,
    proof: ProofRules,
    proof_algorithms: Box<str>,
    token_algorithms: AlgorithmSet,
    token_cache_seconds: i64,
    replay: ReplayRule,
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
}

/// An authorization server whose tokens are accepted.
#[derive(Clone, Debug)]
pub(crate) struct TrustedIssuer {
    name: Arc<str>,
    format: TokenFormat,
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
        refuse_unsupported(config)?;
        let dpop = &config.dpop;
        let algorithms: AlgorithmSet = dpop.algs.iter().map(|name| name.algorithm()).collect();
        Ok(Self {
            origins: origins(config)?,
            issuers: config.issuers.iter().map(TrustedIssuer::new).collect(),
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
        })
    }

    /// Seconds for which a store must remember an accepted proof, at most. Capacity divided by this is the rate of
    /// requests that a store can sustain.
    #[must_use]
    pub fn replay_lifetime_seconds(&self) -> i64 {
        self.proof.replay_lifetime()
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

    /// The one issuer that gives out reference tokens.
    pub(crate) fn opaque_issuer(&self) -> Option<&TrustedIssuer> {
        self.issuers
            .iter()
            .find(|issuer| matches!(issuer.format, TokenFormat::Opaque | TokenFormat::Any))
    }
}

impl TrustedIssuer {
    fn new(config: &config::IssuerConfig) -> Self {
        Self {
            name: config.issuer.as_str().into(),
            format: config.token_format,
        }
    }

    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

/// Refuses what the schema has and this version does not do, so that nothing is ignored in silence.
fn refuse_unsupported(config: &Config) -> Result<(), ConfigError> {
    let unsupported = |path: String| Err(ConfigError::not_supported(path));
    if config.mtls.is_some() {
        return unsupported("mtls".into());
    }
    if !config.rules.is_empty() {
        return unsupported("rules".into());
    }
    if config.unmatched.is_some() {
        return unsupported("unmatched".into());
    }
    if config.preflight != Preflight::Refuse {
        return unsupported("preflight".into());
    }
    if config.mode != Mode::Enforce {
        return unsupported("mode".into());
    }
    for (place, issuer) in config.issuers.iter().enumerate() {
        if issuer.revocation != Revocation::None {
            return unsupported(format!("issuers[{place}].revocation"));
        }
        let Some(introspection) = &issuer.introspection else {
            continue;
        };
        // Where no token is asked about, these ask for nothing.
        let asks = issuer.token_format != TokenFormat::Jwt;
        let path = |member: &str| format!("issuers[{place}].introspection.{member}");
        if asks && introspection.signed_response {
            return unsupported(path("signed_response"));
        }
        if asks && introspection.opaque_token.is_some() {
            return unsupported(path("opaque_token"));
        }
    }
    Ok(())
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
        }));
    };
    let compile = |(place, entry): (usize, &config::OriginConfig)| {
        let origin = Origin::parse(&entry.origin).map_err(|error| {
            ConfigError::invalid(format!("origins[{place}].origin"), error.to_string())
        })?;
        Ok(PublicOrigin {
            origin,
            resource: entry
                .resource
                .as_ref()
                .unwrap_or(&config.resource)
                .as_str()
                .into(),
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
