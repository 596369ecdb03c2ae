//! `fapi-issuer keys`: signing keys that are kept in the storage.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use fapi_core::config::AlgorithmName;
use fapi_issuer::{Issuer, KeyState, KeyStatus};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::serve::{read_config, say};
use crate::stored::stored;

/// A server that runs with the same storage knows of each change within half a minute.
#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publishes a new key, which signs in two minutes. The one before it stays published until all that it has signed has
    /// expired.
    Rotate {
        /// The configuration document (JSON), which names the storage.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// What the key is for. Default: the first of the document's `signing_algs`.
        #[arg(long)]
        alg: Option<Alg>,
    },
    /// Prints the keys, one a line (JSON), without their private halves. Times are seconds since 1970.
    List {
        /// The configuration document (JSON), which names the storage.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Removes a key that somebody else may have. What it has signed is good no more; if it signed, a new one does.
    Withdraw {
        /// The configuration document (JSON), which names the storage.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The key's identifier.
        kid: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Alg {
    #[value(name = "ES256")]
    Es256,
    #[value(name = "PS256")]
    Ps256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl Alg {
    const fn name(self) -> AlgorithmName {
        match self {
            Self::Es256 => AlgorithmName::Es256,
            Self::Ps256 => AlgorithmName::Ps256,
            Self::EdDsa => AlgorithmName::EdDsa,
        }
    }
}

impl Keys {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Rotate { config, alg } => {
                let kid = issuer(&config)
                    .await?
                    .rotate_keys(alg.map(Alg::name))
                    .await?;
                say(&format!("published {kid}, which signs in two minutes"))
            }
            Command::List { config } => {
                for key in issuer(&config).await?.kept_keys().await? {
                    say(&line(&key).to_string())?;
                }
                Ok(())
            }
            Command::Withdraw { config, kid } => {
                issuer(&config).await?.withdraw_key(&kid).await?;
                say(&format!("withdrew {kid}"))
            }
        }
    }
}

/// The issuer whose keys are kept where this command finds them.
async fn issuer(config: &Path) -> Result<Issuer, Failure> {
    let config = read_config(config)?;
    if !config.signing_keys.is_empty() {
        return Err(Failure::KeysConfigured);
    }
    stored(config).await
}

fn line(key: &KeyStatus) -> Value {
    let (state, time, at) = match key.state {
        KeyState::Announced { signs_from } => ("announced", "signs_from", signs_from),
        KeyState::Signs { since } => ("signs", "since", since),
        KeyState::Retired { until } => ("retired", "until", until),
    };
    json!({ "kid": key.kid, "alg": key.algorithm, "state": state, time: at.as_secs() })
}
