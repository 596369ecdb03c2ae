//! `fapi-issuer client`: clients that are kept in the storage.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fapi_issuer::Client;

use crate::failure::Failure;
use crate::serve::{read_config, say};
use crate::stored::stored;

/// A server that runs with the same storage knows of each change at once.
#[derive(Args)]
pub(crate) struct Clients {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Adds a client.
    Add {
        /// The configuration document (JSON), which names the storage.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The client (JSON), as it would stand in `clients` of the configuration.
        #[arg(long, value_name = "FILE")]
        client: PathBuf,
        /// Changes the client of this name that is there.
        #[arg(long)]
        replace: bool,
    },
    /// Prints the clients, one a line (JSON).
    List {
        /// The configuration document (JSON), which names the storage.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Removes a client. Its tokens are dead.
    Remove {
        /// The configuration document (JSON), which names the storage.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The client's identifier.
        client_id: String,
    },
}

impl Clients {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Add {
                config,
                client,
                replace,
            } => {
                let issuer = stored(read_config(&config)?).await?;
                let text = std::fs::read_to_string(&client)
                    .map_err(|error| Failure::ReadClient(client, error))?;
                let client = Client::from_json(&text)?;
                let client_id = client.client_id.clone();
                if replace {
                    issuer.replace_client(client).await?;
                    say(&format!("changed {client_id}"))
                } else {
                    issuer.add_client(client).await?;
                    say(&format!("added {client_id}"))
                }
            }
            Command::List { config } => {
                let issuer = stored(read_config(&config)?).await?;
                for client in issuer.stored_clients().await? {
                    say(&serde_json::to_string(&client).map_err(Failure::Print)?)?;
                }
                Ok(())
            }
            Command::Remove { config, client_id } => {
                stored(read_config(&config)?)
                    .await?
                    .remove_client(&client_id)
                    .await?;
                say(&format!("removed {client_id}"))
            }
        }
    }
}
