//! The parts of the document that belong to one host. A host accepts and ignores the others' parts.

use serde::{Deserialize, Serialize};

use super::Secret;

/// Redis or Valkey, for `dpop.replay.store: redis`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct RedisConfig {
    /// The server: `redis://host:port/db`, or `rediss://…` for TLS. No user or password in it. Not beside `urls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Several servers: the nodes of a cluster, or the sentinels. Not beside `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
    /// The user for `AUTH`. Default: the server's default user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password for `AUTH`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Trust and identity for `rediss://`. Default: the system's trusted certificates, no client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<RedisTls>,
    /// What every key of ours begins with. Default: `fapi:`.
    pub key_prefix: String,
    /// How long a connection may take to be made, in milliseconds, 1 to 60000. Default: 1000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 60_000)))]
    pub connect_timeout_ms: u32,
    /// How long a command may take, in milliseconds, 1 to 60000. Default: 50. Beyond it: 503.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 60_000)))]
    pub command_timeout_ms: u32,
    /// Find the primary through Redis Sentinel at `urls`. Not beside `cluster`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentinel: Option<RedisSentinel>,
    /// True: `urls` are nodes of a Redis Cluster. Default: false.
    pub cluster: bool,
}

/// TLS towards Redis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct RedisTls {
    /// The trusted certificates in PEM, instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<Secret>,
    /// Our client certificate chain in PEM. Goes with `client_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<Secret>,
    /// Our client key in PEM. Goes with `client_cert`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<Secret>,
}

/// Redis Sentinel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct RedisSentinel {
    /// The name under which the sentinels know the primary.
    pub master: String,
    /// The user for `AUTH` at the sentinels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password for `AUTH` at the sentinels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Outgoing HTTP of the tower layer: discovery, key sets, introspection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct HttpConfig {
    /// How long a connection may take to be made, in milliseconds, 1 to 60000. Default: 2000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 60_000)))]
    pub connect_timeout_ms: u32,
    /// How long a whole exchange may take, in milliseconds, 1 to 60000. Default: 5000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 60_000)))]
    pub timeout_ms: u32,
    /// The greatest discovery document, in bytes, 1024 to 16777216. Default: 65536.
    #[cfg_attr(feature = "schema", schemars(range(min = 1024, max = 16_777_216)))]
    pub max_metadata_bytes: u32,
    /// The greatest key set, in bytes, 1024 to 16777216. Default: 262144.
    #[cfg_attr(feature = "schema", schemars(range(min = 1024, max = 16_777_216)))]
    pub max_jwks_bytes: u32,
    /// The greatest introspection answer, in bytes, 1024 to 16777216. Default: 65536.
    #[cfg_attr(feature = "schema", schemars(range(min = 1024, max = 16_777_216)))]
    pub max_introspection_bytes: u32,
}

/// The Envoy filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct EnvoyConfig {
    /// The Envoy cluster through which authorization servers are reached. Give it a `validation_context` with a SAN
    /// match: without one Envoy's TLS verifies nothing, and the filter cannot see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Clusters for single authorization servers, where `cluster` is not the one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<EnvoyCluster>,
    /// How long an outgoing call may take, in milliseconds, 1 to 60000. Default: 5000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 60_000)))]
    pub timeout_ms: u32,
    /// Whether verified credentials (`Authorization`, `DPoP`) go on to the upstream. Default: false.
    pub forward: bool,
    /// Claims that go to the upstream in headers. What the client sent under these names is removed first. Default:
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_headers: Vec<ClaimHeader>,
    /// Claims that become filter state `wasm.fapi_<claim>`, for access logs and RBAC. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_properties: Vec<String>,
    /// Who verifies ES256 signatures. Default: `auto`.
    pub signatures: EnvoySignatures,
    /// A path that answers 200 when requests can be decided, and 503 before. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_path: Option<String>,
    /// How many requests may wait for keys or introspection at once, per worker, 1 to 65536. Default: 256. Beyond it:
    /// 503.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 65_536)))]
    pub max_paused: u32,
    /// Names the filter's values in the data that Envoy's plugins share, for a plugin that cannot have a `vm_id` of its own
    /// (Istio's WasmPlugin): base64url of at least 32 bytes, without padding. Default: none, a `vm_id` is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_data_key: Option<Secret>,
}

/// Who verifies ES256 signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EnvoySignatures {
    /// Envoy where it can (its foreign function `verify_signature`), else the module itself.
    #[default]
    Auto,
    /// Envoy: an Envoy that cannot is an error at start.
    Host,
    /// The module itself, more than ten times slower.
    Wasm,
}

/// The Envoy cluster of one authorization server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct EnvoyCluster {
    /// The origin of the addresses that it serves, such as `https://as.example.com`.
    pub origin: String,
    /// The cluster's name.
    pub cluster: String,
}

/// A claim that goes to the upstream in a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct ClaimHeader {
    /// The claim's name, such as `sub`.
    pub claim: String,
    /// The header's name, such as `x-fapi-sub`.
    pub header: String,
}

impl RedisSentinel {
    /// The primary of this name, at sentinels without authentication.
    #[must_use]
    pub fn new(master: impl Into<String>) -> Self {
        Self {
            master: master.into(),
            username: None,
            password: None,
        }
    }
}

impl EnvoyCluster {
    /// Addresses of `origin` are reached through `cluster`.
    #[must_use]
    pub fn new(origin: impl Into<String>, cluster: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            cluster: cluster.into(),
        }
    }
}

impl ClaimHeader {
    /// `claim` goes into `header`.
    #[must_use]
    pub fn new(claim: impl Into<String>, header: impl Into<String>) -> Self {
        Self {
            claim: claim.into(),
            header: header.into(),
        }
    }
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            urls: None,
            username: None,
            password: None,
            tls: None,
            key_prefix: "fapi:".to_owned(),
            connect_timeout_ms: 1000,
            command_timeout_ms: 50,
            sentinel: None,
            cluster: false,
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 2000,
            timeout_ms: 5000,
            max_metadata_bytes: 65_536,
            max_jwks_bytes: 262_144,
            max_introspection_bytes: 65_536,
        }
    }
}

impl Default for EnvoyConfig {
    fn default() -> Self {
        Self {
            cluster: None,
            clusters: Vec::new(),
            timeout_ms: 5000,
            forward: false,
            claim_headers: Vec::new(),
            claim_properties: Vec::new(),
            signatures: EnvoySignatures::Auto,
            readiness_path: None,
            max_paused: 256,
            shared_data_key: None,
        }
    }
}
