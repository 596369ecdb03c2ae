//! `fapi-issuer keys`: the signing keys that are kept in the storage.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fapi_core::config::AlgorithmName;
use fapi_issuer::{Config, Issuer, StorageConfig};
use serde_json::Value;

use crate::failure::Failure;
use crate::serve::{read_config, say};

#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Announces a new key, which signs in two minutes. Running instances find it by themselves.
    Rotate {
        /// The configuration document (JSON).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The algorithm: ES256, PS256 or EdDSA. Default: that of the key that signs.
        #[arg(long, value_name = "ALG")]
        alg: Option<String>,
    },
    /// Prints the public keys, a line each.
    List {
        /// The configuration document (JSON).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Takes a key out that somebody else may have. Its tokens are good no more.
    Withdraw {
        /// The configuration document (JSON).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The key's `kid`.
        kid: String,
    },
}

impl Keys {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Rotate { config, alg } => {
                let alg = alg.map(|name| algorithm(&name)).transpose()?;
                let kid = kept(&config).await?.rotate_keys(alg).await?;
                say(&format!("{kid} signs in two minutes"))
            }
            Action::List { config } => {
                let issuer = Issuer::from_config(read_config(&config)?).await?;
                let jwks = issuer.jwks();
                let keys = jwks.get("keys").and_then(Value::as_array);
                keys.into_iter()
                    .flatten()
                    .try_for_each(|key| say(&key.to_string()))
            }
            Action::Withdraw { config, kid } => {
                kept(&config).await?.withdraw_key(&kid).await?;
                say(&format!("{kid} is withdrawn"))
            }
        }
    }
}

/// An issuer whose keys outlive this command.
async fn kept(path: &std::path::Path) -> Result<Issuer, Failure> {
    let config: Config = read_config(path)?;
    if matches!(config.storage, StorageConfig::Memory) {
        return Err(Failure::NothingKept);
    }
    if !config.signing_keys.is_empty() {
        return Err(Failure::KeysConfigured);
    }
    Ok(Issuer::from_config(config).await?)
}

fn algorithm(name: &str) -> Result<AlgorithmName, Failure> {
    let known = [
        AlgorithmName::Es256,
        AlgorithmName::Ps256,
        AlgorithmName::EdDsa,
    ];
    let found = known.into_iter().find(|known| known.name() == name);
    found.ok_or_else(|| Failure::Algorithm(name.to_owned()))
}
