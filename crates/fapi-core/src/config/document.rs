//! The top of the document.

use serde::{Deserialize, Serialize};

use super::{
    AlgorithmName, ConfigBuilder, ConfigError, DpopConfig, EnvoyConfig, HttpConfig, IssuerConfig,
    MtlsConfig, RedisConfig, Rule, read,
};

/// The whole configuration of a FAPI 2.0 resource server. Names here, in the document and in the builder are the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct Config {
    /// The resource identifier (RFC 9728 §1.2): an https URI without fragment.
    pub resource: String,
    /// Values of which the token's `aud` must have one (RFC 9068 §4). Default: `resource` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// The public origin that proofs name in `htu` (RFC 9449 §4.3 check 9), such as `https://api.example.com`.
    /// Default: the origin of `resource`. `Host` plays no part. Not beside `origins`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Several public origins; the request's authority selects one, and a request for none of them is refused. Not
    /// beside `origin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<OriginConfig>>,
    /// The authorization servers whose tokens are accepted, at least one.
    pub issuers: Vec<IssuerConfig>,
    /// DPoP proofs, nonces and replay (RFC 9449).
    #[serde(default)]
    pub dpop: DpopConfig,
    /// The algorithms of JWT access tokens (FAPI 2.0 Security Profile §5.4.1). Default: as `dpop.algs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_algs: Option<Vec<AlgorithmName>>,
    /// Tokens bound to a client certificate (RFC 8705 §3). Default: none are accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls: Option<MtlsConfig>,
    /// What requests need beyond a good token. Default: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What happens to requests that no rule matches. Default: `deny` where there are rules, else `authenticated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmatched: Option<Unmatched>,
    /// What happens, where there are rules, to paths that another program may read differently. Default: `refuse`.
    #[serde(default)]
    pub ambiguous_paths: AmbiguousPaths,
    /// What happens to CORS preflight requests, which carry no token. Default: `refuse`.
    #[serde(default)]
    pub preflight: Preflight,
    /// How long a verified JWT may be remembered, in seconds, 0 to 3600; `exp` and `nbf` count all the same. Default:
    /// 30. 0 switches the cache off.
    #[serde(default = "token_cache_seconds")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 3600)))]
    pub token_cache_seconds: u32,
    /// Whether requests are refused or only reported. Default: `enforce`.
    #[serde(default)]
    pub mode: Mode,
    /// True: addresses may be http where the host is a loopback address or `localhost`. For development and tests:
    /// whoever can listen there can answer as the authorization server. Default: false.
    #[serde(default)]
    pub allow_http_loopback: bool,
    /// Redis or Valkey as replay store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisConfig>,
    /// Outgoing HTTP of the tower layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpConfig>,
    /// The Envoy filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envoy: Option<EnvoyConfig>,
}

/// One of several public origins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct OriginConfig {
    /// The public origin, such as `https://api.example.com`. Each may stand here once.
    pub origin: String,
    /// The resource identifier there (RFC 9728 §1.2). Default: the document's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Values of which the token's `aud` must have one. Default: this entry's `resource`, else the document's values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// The path that a proxy strips, put in front again before the comparison with `htu`: begins with `/` and does not
    /// end with it. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
}

/// Whether requests are refused or only reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What fails is refused.
    #[default]
    Enforce,
    /// Everything is verified and nothing refused.
    ReportOnly,
}

/// What happens to requests that no rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// 403.
    Deny,
    /// A good token is enough.
    Authenticated,
}

/// What happens, where there are rules, to a raw path with `;`, `\`, `//`, an encoded `/`, `\` or NUL, or dot segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AmbiguousPaths {
    /// 400: the application may read the path differently from the rules.
    #[default]
    Refuse,
    /// The rules take the path as it is.
    Allow,
}

/// What happens to CORS preflight requests (Fetch Standard §4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preflight {
    /// They are treated like any other request, and so refused for want of a token.
    #[default]
    Refuse,
    /// They pass.
    Allow,
}

impl Config {
    /// Reads and validates a document.
    ///
    /// # Errors
    /// The first mistake found, with the path of its field. Comments are not JSON and so a syntax error.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        read::from_str(json)
    }

    /// Reads and validates a document in UTF-8.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json); bytes that are not UTF-8 are a syntax error.
    pub fn from_slice(json: &[u8]) -> Result<Self, ConfigError> {
        read::from_slice(json)
    }

    /// Starts a configuration for this resource identifier, with every default of the document.
    pub fn builder(resource: impl Into<String>) -> ConfigBuilder {
        ConfigBuilder::new(resource.into())
    }

    /// Values of which the token's `aud` must have one: `audiences`, else `resource`.
    pub fn effective_audiences(&self) -> impl Iterator<Item = &str> {
        let own = self.audiences.iter().flatten().map(String::as_str);
        let resource = self.audiences.is_none().then_some(self.resource.as_str());
        own.chain(resource)
    }

    /// The algorithms of JWT access tokens: `token_algs`, else `dpop.algs`.
    #[must_use]
    pub fn effective_token_algs(&self) -> &[AlgorithmName] {
        self.token_algs.as_deref().unwrap_or(&self.dpop.algs)
    }

    /// What happens to requests that no rule matches: `unmatched`, else `deny` where there are rules.
    #[must_use]
    pub fn effective_unmatched(&self) -> Unmatched {
        self.unmatched.unwrap_or(if self.rules.is_empty() {
            Unmatched::Authenticated
        } else {
            Unmatched::Deny
        })
    }

    pub(super) fn with_defaults(resource: String) -> Self {
        Self {
            resource,
            audiences: None,
            origin: None,
            origins: None,
            issuers: Vec::new(),
            dpop: DpopConfig::default(),
            token_algs: None,
            mtls: None,
            rules: Vec::new(),
            unmatched: None,
            ambiguous_paths: AmbiguousPaths::default(),
            preflight: Preflight::default(),
            token_cache_seconds: token_cache_seconds(),
            mode: Mode::default(),
            allow_http_loopback: false,
            redis: None,
            http: None,
            envoy: None,
        }
    }
}

impl OriginConfig {
    /// A public origin for the document's resource and audiences.
    #[must_use]
    pub fn new(origin: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            resource: None,
            audiences: None,
            path_prefix: None,
        }
    }

    /// The resource identifier at this origin.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Adds a value that the token's `aud` may have at this origin.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.get_or_insert_default().push(audience.into());
        self
    }

    /// The path that a proxy strips.
    #[must_use]
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.path_prefix = Some(prefix.into());
        self
    }
}

const fn token_cache_seconds() -> u32 {
    30
}
