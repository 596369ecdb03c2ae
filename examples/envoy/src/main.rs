//! The programs around Envoy in `compose/compose.yaml`: one container, one subcommand. The issuer itself is
//! `fapi-issuer`.

mod certificates;
mod client;
mod names;
mod setup;
mod tls_front;
mod upstream;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// The programs around Envoy.
#[derive(Parser)]
#[command(version)]
enum Program {
    /// Makes what the others must have before they start: certificates, keys, and the issuer's document.
    Setup {
        /// The issuer's document, without the client's keys.
        #[arg(long, value_name = "FILE")]
        issuer: PathBuf,
        /// Where to write: a folder each for `issuer`, `envoy` and `client`.
        #[arg(long, value_name = "FOLDER")]
        state: PathBuf,
    },
    /// TLS in front of the issuer, which speaks plain HTTP on loopback.
    TlsFront {
        /// Where to listen.
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
        /// Where the issuer is.
        #[arg(long, value_name = "ADDR")]
        to: SocketAddr,
        /// The folder that `setup` wrote for the issuer.
        #[arg(long, value_name = "FOLDER")]
        state: PathBuf,
    },
    /// The API behind Envoy. It checks nothing, and answers with what it got.
    Upstream {
        /// Where to listen.
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
    },
    /// Gets a token, and sends honest and dishonest requests through Envoy. Exit status 1: some request was not judged
    /// as it should be.
    Client {
        /// The folder that `setup` wrote for the client.
        #[arg(long, value_name = "FOLDER")]
        state: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    match Program::parse() {
        Program::Setup { issuer, state } => setup::run(&issuer, &state).await?,
        Program::TlsFront { listen, to, state } => tls_front::run(listen, to, &state).await?,
        Program::Upstream { listen } => upstream::run(listen).await?,
        Program::Client { state } => return client::run(&state).await,
    }
    Ok(ExitCode::SUCCESS)
}
