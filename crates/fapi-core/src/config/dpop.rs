//! DPoP (RFC 9449): proofs, nonces, replay.

use serde::{Deserialize, Serialize};

use super::{AlgorithmName, Secret};

/// How DPoP proofs are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct DpopConfig {
    /// Whether each token must be bound to a DPoP key. Default: true. False only beside `mtls`: then a token bound to
    /// a client certificate (RFC 8705 §3) will do as well. A token bound to nothing is refused either way.
    pub required: bool,
    /// The algorithms of proofs, advertised in `algs` (RFC 9449 §7.1). Default: `ES256`, `PS256`, `EdDSA`.
    pub algs: Vec<AlgorithmName>,
    /// How old a proof's `iat` may be, in whole seconds, 1 to 3600 (RFC 9449 §11.1). Default: 60.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub max_age_seconds: u32,
    /// How far ahead the `iat` of a proof, and `nbf` and `iat` of a token, may lie, in seconds, 0 to 60. Default: 10.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 60)))]
    pub future_seconds: u32,
    /// Nonces that this resource server gives out (RFC 9449 §9). Default: off.
    pub nonce: NonceConfig,
    /// The memory of used proofs (RFC 9449 §11.1). Default: in this process.
    pub replay: ReplayConfig,
}

/// Nonces in proofs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct NonceConfig {
    /// Whether proofs need a nonce of ours. Default: `off`.
    pub mode: NonceMode,
    /// How long a nonce can be used, in seconds, 10 to 3600. Default: 120.
    #[cfg_attr(feature = "schema", schemars(range(min = 10, max = 3600)))]
    pub lifetime_seconds: u32,
    /// The keys that authenticate nonces, shared by all replicas: each at least 32 bytes in base64url without padding.
    /// The first one makes nonces, all verify, so that keys can be exchanged one after another. Default: none, a
    /// random key per process, with a warning if nonces are required.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Secret>,
}

/// Whether proofs need a nonce of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NonceMode {
    /// Only where a restart or an empty store makes one necessary.
    #[default]
    Off,
    /// Every proof needs one; without it the answer is `use_dpop_nonce` (RFC 9449 §9).
    Required,
}

/// The memory of used proofs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[non_exhaustive]
pub struct ReplayConfig {
    /// Where used proofs are remembered. Default: `memory`. Not beside `dangerous_replay_handled_elsewhere`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<ReplayStoreKind>,
    /// How many unexpired proofs are remembered at most, 1024 to 2147483648. Default: 4000000. A full store answers
    /// 503, it forgets nothing early. Memory grows as needed, about 32 bytes an entry.
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = 1024, max = 2_147_483_648_u32))
    )]
    pub capacity: u32,
    /// The share of the capacity that one client may use, in percent, 1 to 100. Default: 25. Beyond it: 429.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub per_client_percent: u8,
    /// How many unexpired proofs one key may have, an absolute number, 1 to the capacity. Default: a quarter of the
    /// capacity. Beyond it: 429.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2_147_483_648_u32)))]
    pub per_key: Option<u32>,
    /// What happens to proofs that are older than the store's memory. Default: `challenge`.
    pub after_restart: AfterRestart,
    /// True: no proof is remembered here. Only right where something else, such as a gateway in front of every
    /// replica, refuses a proof that comes a second time; otherwise a captured request can be sent again for as long
    /// as its proof lives. Default: false.
    pub dangerous_replay_handled_elsewhere: bool,
}

/// Where used proofs are remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplayStoreKind {
    /// In this process: right for one replica.
    #[default]
    Memory,
    /// In Redis or Valkey, for several replicas (see `redis`). Single use except within a fail-over that loses writes.
    Redis,
    /// In the data that Envoy's workers share: right for one Envoy.
    Shared,
}

/// What happens to a proof without nonce whose `iat` is earlier than the store's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AfterRestart {
    /// It is answered with `use_dpop_nonce`; the client tries again with a nonce.
    #[default]
    Challenge,
    /// It is accepted, although it may have been used before the restart.
    Accept,
}

impl NonceConfig {
    /// Nonces are required and live 120 seconds, under a random key per process until `keys` are given.
    #[must_use]
    pub fn required() -> Self {
        Self {
            mode: NonceMode::Required,
            ..Self::default()
        }
    }

    /// How long a nonce can be used, in seconds.
    #[must_use]
    pub fn lifetime_seconds(mut self, seconds: u32) -> Self {
        self.lifetime_seconds = seconds;
        self
    }

    /// Adds a key; the first one makes nonces, all verify.
    #[must_use]
    pub fn key(mut self, key: Secret) -> Self {
        self.keys.push(key);
        self
    }
}

impl ReplayConfig {
    /// The store in use; `None` only under `dangerous_replay_handled_elsewhere`.
    #[must_use]
    pub fn effective_store(&self) -> Option<ReplayStoreKind> {
        if self.dangerous_replay_handled_elsewhere {
            return None;
        }
        Some(self.store.unwrap_or_default())
    }

    /// How many unexpired proofs one key may have: `per_key`, else a quarter of the capacity.
    #[must_use]
    pub const fn effective_per_key(&self) -> u32 {
        match self.per_key {
            Some(per_key) => per_key,
            None => self.capacity / 4,
        }
    }
}

impl Default for DpopConfig {
    fn default() -> Self {
        Self {
            required: true,
            algs: AlgorithmName::DEFAULT.to_vec(),
            max_age_seconds: 60,
            future_seconds: 10,
            nonce: NonceConfig::default(),
            replay: ReplayConfig::default(),
        }
    }
}

impl Default for NonceConfig {
    fn default() -> Self {
        Self {
            mode: NonceMode::default(),
            lifetime_seconds: 120,
            keys: Vec::new(),
        }
    }
}

impl Default for ReplayConfig {
    fn default() -> Self {
        Self {
            store: None,
            capacity: 4_000_000,
            per_client_percent: 25,
            per_key: None,
            after_restart: AfterRestart::default(),
            dangerous_replay_handled_elsewhere: false,
        }
    }
}
