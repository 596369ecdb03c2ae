//! The program `fapi-issuer`: the library behind a socket.

mod caller;
mod check;
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

/// A FAPI 2.0 authorization server. Without `tls` in the configuration it speaks plain HTTP, behind a proxy that ends TLS.
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
    /// Reads a configuration and the files that it names, and says what it means. Status 2 and the field if it is wrong.
    CheckConfig(check::CheckConfig),
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
        (Some(Command::CheckConfig(check)), _) => check.run().await,
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
