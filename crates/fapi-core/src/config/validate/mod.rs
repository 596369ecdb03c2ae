//! What the types alone cannot say: ranges, syntax, and members that contradict each other.
//!
//! Addresses get a simple check here (scheme, host, allowed parts); the exact comparison of URLs has its own parser.
//! Nothing here decides what a host can do.

mod dpop;
mod hosts;
mod issuers;
mod mtls;
mod rules;
mod uri;
mod values;

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::uri::{Http, Parts};
use super::{Config, ConfigError, Secret};

pub(crate) use self::values::some_list_values;

/// The shortest key that may authenticate nonces, or name what nobody may guess: the length of the hash (RFC 2104 §3).
const MIN_KEY_BYTES: usize = 32;

impl Config {
    /// Checks everything that does not depend on the host: ranges, syntax, and members that contradict each other.
    /// [`from_json`](Self::from_json) and the builder have done so already; it is for configurations changed since.
    ///
    /// # Errors
    /// The first mistake found, with the path that its field has in the document.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let http = Http::of(self);
        uri::check("resource", &self.resource, http, Parts::NoFragment)?;
        if let Some(audiences) = &self.audiences {
            values::non_empty_list("audiences", audiences)?;
        }
        check_origins(self, http)?;
        issuers::check(&self.issuers, http)?;
        dpop::check(&self.dpop)?;
        if let Some(algs) = &self.token_algs {
            values::algorithms("token_algs", algs)?;
        }
        if !self.dpop.required && self.mtls.is_none() {
            return Err(ConfigError::invalid(
                "dpop.required",
                "may be false only beside `mtls`: a token must be bound to something",
            ));
        }
        if let Some(mtls) = &self.mtls {
            mtls::check(mtls)?;
        }
        rules::check(self)?;
        let cache = u64::from(self.token_cache_seconds);
        in_range("token_cache_seconds", cache, 0..=3600, "seconds")?;
        hosts::check(self, http)
    }
}

fn check_origins(config: &Config, http: Http) -> Result<(), ConfigError> {
    if let Some(origin) = &config.origin {
        uri::check("origin", origin, http, Parts::OriginOnly)?;
    }
    let Some(origins) = &config.origins else {
        return Ok(());
    };
    if config.origin.is_some() {
        return Err(ConfigError::invalid("origins", "not beside `origin`"));
    }
    if origins.is_empty() {
        return Err(ConfigError::invalid("origins", "must not be empty"));
    }
    let mut seen = Vec::with_capacity(origins.len());
    for (i, entry) in origins.iter().enumerate() {
        let at = format!("origins[{i}]");
        let origin_at = format!("{at}.origin");
        uri::check(&origin_at, &entry.origin, http, Parts::OriginOnly)?;
        let key = uri::comparable_origin(&entry.origin);
        if seen.contains(&key) {
            return Err(ConfigError::invalid(origin_at, "stands here twice"));
        }
        seen.push(key);
        if let Some(resource) = &entry.resource {
            uri::check(&format!("{at}.resource"), resource, http, Parts::NoFragment)?;
        }
        if let Some(audiences) = &entry.audiences {
            values::non_empty_list(&format!("{at}.audiences"), audiences)?;
        }
        if let Some(prefix) = &entry.path_prefix {
            let prefix_at = format!("{at}.path_prefix");
            values::path(&prefix_at, prefix)?;
            if prefix.ends_with('/') {
                return Err(ConfigError::invalid(prefix_at, "must not end with /"));
            }
        }
    }
    Ok(())
}

/// A number in its range; `unit` is a plural such as `seconds`.
fn in_range(
    path: &str,
    value: u64,
    range: RangeInclusive<u64>,
    unit: &str,
) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (from, to) = (range.start(), range.end());
    let problem = format!("must be between {from} and {to} {unit}");
    Err(ConfigError::invalid(path, problem))
}

/// A time-out: at least a millisecond, at most a minute.
fn timeout(path: &str, milliseconds: u32) -> Result<(), ConfigError> {
    in_range(path, u64::from(milliseconds), 1..=60_000, "milliseconds")
}

/// The place of a secret; what it holds is the caller's business.
/// A secret that is a key: base64url of at least 32 bytes, as far as it stands in the document.
fn secret_key(path: &str, key: &Secret) -> Result<(), ConfigError> {
    secret(path, key)?;
    let is_key = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes.is_ok_and(|key| key.len() >= MIN_KEY_BYTES)
    };
    if matches!(key, Secret::Inline(text) if !is_key(text)) {
        let problem = "must be base64url without padding, of at least 32 bytes";
        return Err(ConfigError::invalid(path, problem));
    }
    Ok(())
}

fn secret(path: &str, secret: &Secret) -> Result<(), ConfigError> {
    let problem = match secret {
        Secret::Inline(value) if value.is_empty() => "must not be empty",
        Secret::Env(name) if name.is_empty() || name.contains(['=', '\0']) => {
            "must name an environment variable"
        }
        Secret::File(file) if file.is_empty() || file.contains('\0') => "must name a file",
        _ => return Ok(()),
    };
    Err(ConfigError::invalid(path, problem))
}
