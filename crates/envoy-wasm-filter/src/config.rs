//! From the configuration document to what the filter works with.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::config::{Config, ConfigError, NonceConfig, ReplayConfig, ReplayStoreKind, Secret};
use fapi_core::dpop::{NonceKeys, QuotaLimits, Quotas};
use fapi_core::mtls::CertificatePolicy;
use fapi_core::{Policy, UnixTime, Verifier};

use crate::area::Area;
use crate::call::{Clusters, PlainHttp};
use crate::claims::Claims;
use crate::crypto::{self, Es256By};
use crate::host::{Failure, Host, Level};
use crate::introspect::Endpoint;
use crate::keys::{Keys, Surroundings};
use crate::memory::Memory;
use crate::plugin::{Parts, Plugin, State};
use crate::stats::Stats;

/// Reads the document and puts everything together.
///
/// # Errors
///
/// The document is wrong, asks for what this host does not do, or the host does not give what is needed.
pub(crate) fn assemble<H: Host>(
    host: &H,
    root: u32,
    document: &[u8],
) -> Result<Plugin<H>, ConfigError> {
    let config = Config::from_slice(document)?;
    require_shared_store(&config.dpop.replay)?;
    let policy = Policy::new(&config)?;
    let envoy = config.envoy.clone().unwrap_or_default();
    let secrets = Secrets { host };
    let area_key = envoy.shared_data_key.as_ref();
    let area_key = area_key.map(|key| secrets.text(key, Area::FIELD));
    let area = Area::new(host, area_key.transpose()?.as_deref())?;
    let (provider, es256) = crypto::choose::<H>(envoy.signatures).map_err(|_| {
        let problem =
            "this Envoy has no `verify_signature` that tells good signatures from bad ones";
        ConfigError::invalid("envoy.signatures", problem)
    })?;
    let http = if config.allow_http_loopback {
        PlainHttp::OnLoopback
    } else {
        PlainHttp::Nowhere
    };
    let clusters = Clusters::new(&envoy, http);
    let limits = config.http.clone().unwrap_or_default();
    let bytes = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
    let timeout = Duration::from_millis(envoy.timeout_ms.into());
    let surroundings = Surroundings {
        host: host.clone(),
        area: area.clone(),
        clusters: clusters.clone(),
        http,
        timeout,
        metadata_bytes: bytes(limits.max_metadata_bytes),
        key_set_bytes: bytes(limits.max_jwks_bytes).min(fapi_core::KeySet::MAX_BYTES),
    };
    let endpoints = Endpoint::all(&config, &clusters, http, &secrets)?;
    let keys = Keys::new(&config, &surroundings)?;
    let lifetime = policy.replay_lifetime_seconds();
    let replay = &config.dpop.replay;
    let now = seconds(host.now());
    let (memory, description) = Memory::open(host.clone(), area, replay.capacity, lifetime, now)
        .map_err(no_host("dpop.replay", "Envoy's shared data cannot be used"))?;
    let nonces = nonce_keys(&config.dpop.nonce, &description.nonce_key, &secrets)?;
    host.log(
        Level::Info,
        match es256 {
            Es256By::Host => "fapi: ES256 signatures are verified by Envoy's verify_signature",
            Es256By::Module => "fapi: ES256 signatures are verified in the module",
        },
    );
    let state = State {
        keys,
        quotas: quotas(host, replay, lifetime)?,
        epoch: description.epoch,
    };
    let parts = Parts {
        root,
        verifier: Verifier::new(policy, provider, nonces),
        certificates: config.mtls.as_ref().map(CertificatePolicy::new),
        claims: Claims::new(&envoy),
        forward: envoy.forward,
        readiness_path: envoy.readiness_path.as_deref().map(Into::into),
        max_paused: bytes(envoy.max_paused),
        stats: Stats::new(host.clone()),
        memory,
        endpoints,
        clusters,
        timeout,
        host: host.clone(),
    };
    Ok(Plugin::new(parts, state))
}

/// The host's time, in the core's seconds.
pub(crate) fn seconds(now: Duration) -> UnixTime {
    UnixTime::from_secs(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// Secrets of the configuration.
pub(crate) struct Secrets<'a, H> {
    host: &'a H,
}

impl<H: Host> Secrets<'_, H> {
    /// The text of a secret.
    pub(crate) fn text(&self, secret: &Secret, path: &str) -> Result<String, ConfigError> {
        match secret {
            Secret::Inline(text) => {
                self.warn(path);
                Ok(text.clone())
            }
            // `environment_variables` of the plugin's `vm_config`.
            Secret::Env(name) => std::env::var(name).map_err(|_| {
                let problem =
                    format!("the plugin's vm_config gives no environment variable {name}");
                ConfigError::invalid(path, problem)
            }),
            Secret::File(_) => Err(ConfigError::invalid(
                path,
                "a plugin of Envoy has no files: give it the secret in an environment variable",
            )),
        }
    }

    /// Says that a secret stands in the document.
    pub(crate) fn warn(&self, path: &str) {
        let line = format!(
            "fapi: {path}: a secret stands in the configuration: Envoy's configuration dump shows it"
        );
        self.host.log(Level::Warn, &line);
    }
}

fn require_shared_store(replay: &ReplayConfig) -> Result<(), ConfigError> {
    let problem = match replay.store {
        None | Some(ReplayStoreKind::Shared) => return Ok(()),
        Some(ReplayStoreKind::Memory) => {
            "not in Envoy, where each worker has a memory of its own: say `shared`"
        }
        Some(ReplayStoreKind::Redis) => "not in Envoy: say `shared`",
    };
    Err(ConfigError::invalid("dpop.replay.store", problem))
}

fn quotas(host: &impl Host, config: &ReplayConfig, lifetime: i64) -> Result<Quotas, ConfigError> {
    let share = u64::from(config.capacity).saturating_mul(config.per_client_percent.into());
    let limits = QuotaLimits {
        per_client: share / 100,
        per_key: config.effective_per_key().into(),
    };
    let mut hash_key = [0; 16];
    host.random(&mut hash_key)
        .map_err(no_host("dpop.replay", "Envoy gave no random bytes"))?;
    Ok(Quotas::new(limits, lifetime, hash_key))
}

fn nonce_keys<H: Host>(
    config: &NonceConfig,
    shared: &[u8; 32],
    secrets: &Secrets<'_, H>,
) -> Result<NonceKeys, ConfigError> {
    let mut keys = Vec::new();
    for (place, key) in config.keys.iter().enumerate() {
        let path = format!("dpop.nonce.keys[{place}]");
        let text = secrets.text(key, &path)?;
        let key = URL_SAFE_NO_PAD.decode(text.trim_end());
        keys.push(key.map_err(|_| {
            ConfigError::invalid(
                path,
                "must be base64url of at least 32 bytes, without padding",
            )
        })?);
    }
    if keys.is_empty() {
        keys.push(shared.to_vec());
    }
    let mut keys = keys.iter().map(Vec::as_slice);
    let mint = keys.next().unwrap_or_default();
    NonceKeys::new(mint, keys)
        .map_err(|error| ConfigError::invalid("dpop.nonce.keys", error.to_string()))
}

fn no_host(path: &'static str, problem: &'static str) -> impl FnOnce(Failure) -> ConfigError {
    move |failure| ConfigError::invalid(path, format!("{problem}: {failure:?}"))
}
