//! `fapi-issuer check-config`: whether a document is right, and what it means.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use fapi_crypto::SigningKey;
use fapi_issuer::{Config, Issuer, IssuerBuilder, RateLimitsConfig, Server, StorageConfig};
use serde_json::Value;

use crate::failure::Failure;
use crate::serve::{read_config, say};

#[derive(Args)]
pub(crate) struct CheckConfig {
    /// The configuration document (JSON).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl CheckConfig {
    /// Reads all files, and opens no database: that of a running server is left alone.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let config = read_config(&self.config)?;
        for warning in warnings(&config) {
            eprintln!("warning: {warning}");
        }
        let storage = match &config.storage {
            StorageConfig::Memory => "memory".to_owned(),
            StorageConfig::Sqlite(sqlite) => format!("SQLite, {}", sqlite.path.display()),
            StorageConfig::Postgres(_) => "PostgreSQL".to_owned(),
            _ => "other".to_owned(),
        };
        let clients = config.clients.iter().map(|client| {
            let method = serde_json::to_value(client.token_endpoint_auth_method)?;
            let method = method.as_str().unwrap_or_default().to_owned();
            let bound = match client.tls_client_certificate_bound_access_tokens {
                true if client.dpop_bound_access_tokens == Some(true) => "key and certificate",
                true => "certificate",
                false => "key",
            };
            Ok(format!(
                "  {}: {method}, tokens bound to a {bound}",
                client.client_id
            ))
        });
        let clients: Vec<_> = clients.collect::<Result<_, _>>().map_err(Failure::Print)?;
        let issuer = dry(config).await?;
        let metadata = issuer.metadata();
        let text = |name: &str| {
            metadata
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        say(&format!("issuer: {}", text("issuer")))?;
        say(&format!("token endpoint: {}", text("token_endpoint")))?;
        say(&format!(
            "authorization endpoint: {}",
            text("authorization_endpoint")
        ))?;
        say(&format!("storage: {storage}"))?;
        say(&format!("clients: {}", clients.len()))?;
        clients.iter().try_for_each(|line| say(line))?;
        say("the configuration is right")
    }
}

/// What is right, and yet perhaps not meant.
fn warnings(config: &Config) -> impl Iterator<Item = &'static str> {
    let is_open = |address: SocketAddr| !address.ip().is_loopback();
    let mtls = config.mtls.as_ref().and_then(|mtls| mtls.listen);
    let listens = config.listen.into_iter().chain(mtls).any(is_open);
    [
        (
            matches!(config.storage, StorageConfig::Memory),
            "storage: in memory, so that a restart forgets keys, tokens and what was used",
        ),
        (
            listens && config.tls.is_none(),
            "tls: none, so that everybody between this and the proxy can read along",
        ),
        (
            listens && config.rate_limits == RateLimitsConfig::default(),
            "rate_limits: none",
        ),
        (
            config.allow_http_loopback,
            "allow_http_loopback: for development and tests",
        ),
    ]
    .into_iter()
    .filter_map(|(is_so, warning)| is_so.then_some(warning))
}

/// The same, with everything in memory, and on free ports.
async fn dry(mut config: Config) -> Result<Issuer, Failure> {
    let keeps_keys = !matches!(config.storage, StorageConfig::Memory);
    config.storage = StorageConfig::Memory;
    config.listen = Some(([127, 0, 0, 1], 0).into());
    if let Some(mtls) = &mut config.mtls {
        mtls.listen = mtls.listen.map(|_| ([127, 0, 0, 1], 0).into());
    }
    Server::bind(&config).await?;
    // In place of those that the database keeps.
    let made = if keeps_keys && config.signing_keys.is_empty() {
        config.made_key_algorithms()
    } else {
        Vec::new()
    };
    let mut builder = IssuerBuilder::from(config);
    for algorithm in made {
        builder = builder.signing_key(SigningKey::generate(algorithm)?);
    }
    Ok(builder.build().await?)
}
