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
use std::io::IsTerminal as _;
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
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
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
        stop = tokio::signal::ctrl_c() => Ok(stop?),
        ended = Envoy::ended(envoy.as_mut()) => Err(ended),
    }
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
