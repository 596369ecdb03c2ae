//! The configuration in Rust.

use super::{
    AlgorithmName, AmbiguousPaths, Config, ConfigError, EnvoyConfig, HttpConfig, IssuerConfig,
    Mode, MtlsConfig, NonceConfig, OriginConfig, Preflight, RedisConfig, ReplayStoreKind, Rule,
    Unmatched,
};

/// Makes a [`Config`]; the methods are named as the document's members. What is not called keeps its default.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ConfigBuilder {
    config: Config,
}

impl ConfigBuilder {
    pub(super) fn new(resource: String) -> Self {
        Self {
            config: Config::with_defaults(resource),
        }
    }

    /// Validates and returns the configuration.
    ///
    /// # Errors
    /// The first mistake found, with the path that its field has in the document.
    pub fn build(self) -> Result<Config, ConfigError> {
        self.config.validate()?;
        Ok(self.config)
    }

    /// Adds a value that the token's `aud` may have. The first call replaces the default, the resource identifier.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        let audiences = self.config.audiences.get_or_insert_default();
        audiences.push(audience.into());
        self
    }

    /// The public origin, where it is not the origin of the resource identifier.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.config.origin = Some(origin.into());
        self
    }

    /// Several public origins, of which the request's authority selects one.
    pub fn origins(mut self, origins: impl IntoIterator<Item = OriginConfig>) -> Self {
        self.config.origins = Some(origins.into_iter().collect());
        self
    }

    /// Adds an authorization server: its identifier alone, or an [`IssuerConfig`].
    pub fn issuer(mut self, issuer: impl Into<IssuerConfig>) -> Self {
        self.config.issuers.push(issuer.into());
        self
    }

    /// Accepts DPoP-bound and certificate-bound tokens alike (`dpop.required: false`); needs [`mtls`](Self::mtls).
    pub fn dpop_or_mtls(mut self) -> Self {
        self.config.dpop.required = false;
        self
    }

    /// The algorithms of proofs.
    pub fn dpop_algs(mut self, algs: impl IntoIterator<Item = AlgorithmName>) -> Self {
        self.config.dpop.algs = algs.into_iter().collect();
        self
    }

    /// How old a proof's `iat` may be, in seconds, 1 to 3600.
    pub fn max_age_seconds(mut self, seconds: u32) -> Self {
        self.config.dpop.max_age_seconds = seconds;
        self
    }

    /// How far ahead `iat` and `nbf` may lie, in seconds, 0 to 60.
    pub fn future_seconds(mut self, seconds: u32) -> Self {
        self.config.dpop.future_seconds = seconds;
        self
    }

    /// Nonces in proofs.
    pub fn nonce(mut self, nonce: NonceConfig) -> Self {
        self.config.dpop.nonce = nonce;
        self
    }

    /// Where used proofs are remembered.
    pub fn replay_store(mut self, store: ReplayStoreKind) -> Self {
        self.config.dpop.replay.store = Some(store);
        self
    }

    /// How many unexpired proofs are remembered at most, 1024 to 2147483648.
    pub fn replay_capacity(mut self, proofs: u32) -> Self {
        self.config.dpop.replay.capacity = proofs;
        self
    }

    /// Remembers no proofs here. Only right where something in front of every replica refuses a proof that comes a
    /// second time; otherwise a captured request can be sent again for as long as its proof lives.
    pub fn dangerous_replay_handled_elsewhere(mut self) -> Self {
        self.config.dpop.replay.dangerous_replay_handled_elsewhere = true;
        self
    }

    /// The algorithms of JWT access tokens.
    pub fn token_algs(mut self, algs: impl IntoIterator<Item = AlgorithmName>) -> Self {
        self.config.token_algs = Some(algs.into_iter().collect());
        self
    }

    /// Accepts tokens bound to a client certificate.
    pub fn mtls(mut self, mtls: MtlsConfig) -> Self {
        self.config.mtls = Some(mtls);
        self
    }

    /// Adds a rule. From the first rule on, requests that match none are refused, unless `unmatched` says otherwise.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.config.rules.push(rule);
        self
    }

    /// What happens to requests that no rule matches.
    pub fn unmatched(mut self, unmatched: Unmatched) -> Self {
        self.config.unmatched = Some(unmatched);
        self
    }

    /// What happens to paths that another program may read differently from the rules.
    pub fn ambiguous_paths(mut self, ambiguous_paths: AmbiguousPaths) -> Self {
        self.config.ambiguous_paths = ambiguous_paths;
        self
    }

    /// What happens to CORS preflight requests.
    pub fn preflight(mut self, preflight: Preflight) -> Self {
        self.config.preflight = preflight;
        self
    }

    /// How long a verified JWT may be remembered, in seconds, 0 to 3600.
    pub fn token_cache_seconds(mut self, seconds: u32) -> Self {
        self.config.token_cache_seconds = seconds;
        self
    }

    /// Whether requests are refused or only reported.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.config.mode = mode;
        self
    }

    /// Lets addresses be http where the host is a loopback address (`allow_http_loopback: true`). For development and
    /// tests: whoever can listen there can answer as the authorization server.
    pub fn dangerous_allow_http_loopback(mut self) -> Self {
        self.config.allow_http_loopback = true;
        self
    }

    /// Redis or Valkey as replay store.
    pub fn redis(mut self, redis: RedisConfig) -> Self {
        self.config.redis = Some(redis);
        self
    }

    /// Outgoing HTTP of the tower layer.
    pub fn http(mut self, http: HttpConfig) -> Self {
        self.config.http = Some(http);
        self
    }

    /// The Envoy filter.
    pub fn envoy(mut self, envoy: EnvoyConfig) -> Self {
        self.config.envoy = Some(envoy);
        self
    }
}
