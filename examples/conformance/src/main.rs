//! Servers for the conformance suite of the OpenID Foundation: one issuer for all variants of its FAPI 2.0 plans, and a
//! protected resource, once behind the tower layer and once behind Envoy with the filter.
//!
//! ```text
//! cargo run -p example-conformance
//! ```

mod browser;
mod envoy;
mod options;
mod plan;
mod servers;
mod setup;
mod upstream;

use std::error::Error;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::envoy::Envoy;
use crate::options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::builder()
                .with_default_directive(LevelFilter::INFO.into())
                .from_env_lossy(),
        )
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is told to stop.
async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    setup::run(options)?;
    servers::start(options).await?;
    let mut envoy = match options.envoy() {
        None => None,
        Some(program) => Some(Envoy::start(options, program).await?),
    };
    print(options);
    tokio::select! {
        // With Ctrl-C Envoy ends as well.
        biased;
        stop = stopped() => Ok(stop?),
        ended = Envoy::ended(envoy.as_mut()) => Err(ended),
    }
}

/// Completes with Ctrl-C, or when the process is told to end.
async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn print(options: &Options) {
    println!("issuer                 {}", options.issuer());
    println!("  for certificates     {}", options.mtls_origin());
    println!(
        "accounts, tower layer  {}{}",
        options.resource(),
        upstream::PATH
    );
    if options.envoy().is_some() {
        println!(
            "accounts, Envoy        {}{}",
            options.behind_envoy(),
            upstream::PATH
        );
    }
    println!(
        "files for the suite    {}",
        options.suite_folder().display()
    );
    println!("ready");
}
