//! `fapi-issuer check-config`: whether a document is right, and what it means.

use std::path::PathBuf;

use clap::Args;
use fapi_issuer::{Config, Issuer, Server, StorageConfig};
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

/// The same, with everything in memory, and on free ports.
async fn dry(mut config: Config) -> Result<Issuer, Failure> {
    config.storage = StorageConfig::Memory;
    config.listen = Some(([127, 0, 0, 1], 0).into());
    if let Some(mtls) = &mut config.mtls {
        mtls.listen = mtls.listen.map(|_| ([127, 0, 0, 1], 0).into());
    }
    Server::bind(&config).await?;
    Ok(Issuer::from_config(config).await?)
}
