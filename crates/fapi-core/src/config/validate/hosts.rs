//! `redis`, `http` and `envoy`: each host checks every host's part, so that one document is right or wrong everywhere.

use super::uri::{self, Http, Parts};
use super::{in_range, secret, secret_key, timeout, values};
use crate::config::{
    ClaimHeader, Config, ConfigError, EnvoyConfig, HttpConfig, RedisConfig, RedisTls,
};

pub(super) fn check(config: &Config, http: Http) -> Result<(), ConfigError> {
    if let Some(settings) = &config.redis {
        redis(settings)?;
    }
    if let Some(settings) = &config.http {
        outgoing_http(settings)?;
    }
    match &config.envoy {
        Some(settings) => envoy(settings, http),
        None => Ok(()),
    }
}

fn redis(redis: &RedisConfig) -> Result<(), ConfigError> {
    if let Some(url) = &redis.url {
        redis_url("redis.url", url)?;
    }
    if let Some(urls) = &redis.urls {
        if redis.url.is_some() {
            return Err(ConfigError::invalid("redis.urls", "not beside `url`"));
        }
        values::non_empty_list("redis.urls", urls)?;
        for (i, url) in urls.iter().enumerate() {
            redis_url(&format!("redis.urls[{i}]"), url)?;
        }
    }
    login("redis", redis.username.as_deref(), redis.password.as_ref())?;
    if let Some(tls) = &redis.tls {
        redis_tls(tls)?;
    }
    timeout("redis.connect_timeout_ms", redis.connect_timeout_ms)?;
    timeout("redis.command_timeout_ms", redis.command_timeout_ms)?;
    let Some(sentinel) = &redis.sentinel else {
        return Ok(());
    };
    if redis.cluster {
        return Err(ConfigError::invalid(
            "redis.sentinel",
            "not beside `cluster`",
        ));
    }
    if redis.urls.is_none() {
        let reason = "the sentinels' addresses are needed";
        return Err(ConfigError::missing("redis.urls", reason));
    }
    values::non_empty("redis.sentinel.master", &sentinel.master)?;
    let (username, password) = (sentinel.username.as_deref(), sentinel.password.as_ref());
    login("redis.sentinel", username, password)
}

fn redis_url(path: &str, url: &str) -> Result<(), ConfigError> {
    let rest = url
        .strip_prefix("redis://")
        .or_else(|| url.strip_prefix("rediss://"));
    let Some(rest) = rest else {
        let problem = "must begin with redis:// or rediss://";
        return Err(ConfigError::invalid(path, problem));
    };
    // A URL ends up in logs; a password in it would too.
    if rest.contains('@') {
        let problem = "must not contain a user or password: use `username` and `password`";
        return Err(ConfigError::invalid(path, problem));
    }
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    if uri::host_of(authority).is_none() || !database.bytes().all(|b| b.is_ascii_digit()) {
        let problem = "must be a host, optionally a port, and optionally / and a database number";
        return Err(ConfigError::invalid(path, problem));
    }
    Ok(())
}

fn login(
    at: &str,
    username: Option<&str>,
    password: Option<&crate::config::Secret>,
) -> Result<(), ConfigError> {
    if let Some(username) = username {
        values::non_empty(&format!("{at}.username"), username)?;
    }
    let path = format!("{at}.password");
    match password {
        Some(password) => secret(&path, password),
        None if username.is_some() => Err(ConfigError::missing(path, "goes with `username`")),
        None => Ok(()),
    }
}

fn redis_tls(tls: &RedisTls) -> Result<(), ConfigError> {
    let pem = [
        ("redis.tls.ca", &tls.ca),
        ("redis.tls.client_cert", &tls.client_cert),
        ("redis.tls.client_key", &tls.client_key),
    ];
    for (path, value) in pem {
        if let Some(value) = value {
            secret(path, value)?;
        }
    }
    match (&tls.client_cert, &tls.client_key) {
        (Some(_), None) => Err(ConfigError::missing(
            "redis.tls.client_key",
            "goes with `client_cert`",
        )),
        (None, Some(_)) => Err(ConfigError::missing(
            "redis.tls.client_cert",
            "goes with `client_key`",
        )),
        _ => Ok(()),
    }
}

fn outgoing_http(http: &HttpConfig) -> Result<(), ConfigError> {
    timeout("http.connect_timeout_ms", http.connect_timeout_ms)?;
    timeout("http.timeout_ms", http.timeout_ms)?;
    let caps = [
        ("http.max_metadata_bytes", http.max_metadata_bytes),
        ("http.max_jwks_bytes", http.max_jwks_bytes),
        ("http.max_introspection_bytes", http.max_introspection_bytes),
    ];
    caps.into_iter()
        .try_for_each(|(path, cap)| in_range(path, u64::from(cap), 1024..=16_777_216, "bytes"))
}

fn envoy(envoy: &EnvoyConfig, http: Http) -> Result<(), ConfigError> {
    timeout("envoy.timeout_ms", envoy.timeout_ms)?;
    if let Some(cluster) = &envoy.cluster {
        values::non_empty("envoy.cluster", cluster)?;
    }
    let mut seen = Vec::new();
    for (i, entry) in envoy.clusters.iter().enumerate() {
        let at = format!("envoy.clusters[{i}]");
        let origin_at = format!("{at}.origin");
        uri::check(&origin_at, &entry.origin, http, Parts::OriginOnly)?;
        values::non_empty(&format!("{at}.cluster"), &entry.cluster)?;
        let key = uri::comparable_origin(&entry.origin);
        if seen.contains(&key) {
            return Err(ConfigError::invalid(origin_at, "stands here twice"));
        }
        seen.push(key);
    }
    let max_paused = u64::from(envoy.max_paused);
    in_range(
        "envoy.max_paused",
        max_paused,
        1..=65_536,
        "waiting requests",
    )?;
    if let Some(key) = &envoy.shared_data_key {
        secret_key("envoy.shared_data_key", key)?;
    }
    if let Some(path) = &envoy.readiness_path {
        let visible = path.bytes().all(|byte| byte.is_ascii_graphic());
        if !path.starts_with('/') || !visible || path.contains(['?', '#']) {
            let problem = "must be a path: begin with /, without query and fragment";
            return Err(ConfigError::invalid("envoy.readiness_path", problem));
        }
    }
    claim_headers(&envoy.claim_headers)?;
    claim_properties(&envoy.claim_properties)
}

fn claim_properties(claims: &[String]) -> Result<(), ConfigError> {
    for (i, claim) in claims.iter().enumerate() {
        let path = format!("envoy.claim_properties[{i}]");
        // Envoy would take a dot for the border between two names.
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if claim.is_empty() || !claim.bytes().all(named) {
            let problem = "must be made of letters, digits, - and _";
            return Err(ConfigError::invalid(path, problem));
        }
        if claims.iter().take(i).any(|earlier| earlier == claim) {
            return Err(ConfigError::invalid(path, "stands here twice"));
        }
    }
    Ok(())
}

fn claim_headers(headers: &[ClaimHeader]) -> Result<(), ConfigError> {
    let mut seen = Vec::new();
    for (i, entry) in headers.iter().enumerate() {
        let at = format!("envoy.claim_headers[{i}]");
        values::non_empty(&format!("{at}.claim"), &entry.claim)?;
        let path = format!("{at}.header");
        if !values::is_token(&entry.header) {
            let problem = "must be a header name (a token of RFC 9110 §5.6.2)";
            return Err(ConfigError::invalid(path, problem));
        }
        let name = entry.header.to_ascii_lowercase();
        // Setting one of these from a claim would change what the request is or who sent it.
        if matches!(
            name.as_str(),
            "authorization" | "dpop" | "host" | "content-length" | "transfer-encoding"
        ) {
            return Err(ConfigError::invalid(
                path,
                "must not be a header with a meaning of its own",
            ));
        }
        if seen.contains(&name) {
            return Err(ConfigError::invalid(path, "stands here twice"));
        }
        seen.push(name);
    }
    Ok(())
}
