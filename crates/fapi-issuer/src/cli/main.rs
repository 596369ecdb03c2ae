//! The program `fapi-issuer`: the library behind a socket.

mod caller;
mod client;
mod dev;
mod failure;
mod keys;
mod login;
mod password;
mod serve;
mod stored;
mod token;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A small FAPI 2.0 authorization server. It speaks plain HTTP: TLS belongs in front of it.
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration document (JSON).
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// Address and port to listen on, instead of the document's `listen`; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs without configuration: a new key and one client, on loopback. For development.
    Dev(dev::Dev),
    /// Adds, lists and removes clients that are kept in the storage.
    Client(client::Clients),
    /// Rotates, lists and withdraws signing keys that are kept in the storage.
    Keys(keys::Keys),
    /// Reads a password from standard input, and prints its hash for `users[].password_hash`.
    HashPassword,
    /// Gets a token by client credentials, and prints it.
    Token(token::Token),
    /// Gets tokens in a user's name, who logs in with a browser, and prints them.
    Login(login::Login),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    let done = match (cli.command, cli.config) {
        (Some(Command::Dev(dev)), _) => dev.run().await,
        (Some(Command::Client(clients)), _) => clients.run().await,
        (Some(Command::Keys(keys)), _) => keys.run().await,
        (Some(Command::HashPassword), _) => password::run(),
        (Some(Command::Token(token)), _) => token.run().await,
        (Some(Command::Login(login)), _) => login.run().await,
        (None, Some(config)) => serve::run(&config, cli.listen).await,
        // clap requires one of both.
        (None, None) => return ExitCode::from(2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fapi-issuer: {failure}");
            failure.exit_code()
        }
    }
}
