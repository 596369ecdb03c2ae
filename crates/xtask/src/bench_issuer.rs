//! The speed of the issuer, beside node-oidc-provider.

use std::process::Command;

use clap::Args;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The program of fapi-tests that measures.
const PROGRAM: &str = "bench-issuer";

/// How much is measured.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// Requests of a row in a round.
    #[arg(long, default_value_t = 2000)]
    requests: usize,
    /// Rounds, of which the medians are printed.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Measures the issuer as it is released.
pub(crate) fn run(workspace: &Workspace, amount: Amount) -> Result<(), Failure> {
    let release = [
        "build",
        "--release",
        "--package",
        "fapi-issuer",
        "--bin",
        "fapi-issuer",
    ];
    command::run(workspace.cargo().args(release))?;
    let features = workspace.features();
    let build = [
        "build",
        "--workspace",
        "--features",
        &features,
        "--bin",
        PROGRAM,
    ];
    command::run(workspace.cargo().args(build))?;
    let mut program = Command::new(workspace.target.join("debug").join(PROGRAM));
    program
        .arg(workspace.target.join("release/fapi-issuer"))
        .arg(workspace.target.join("bench-issuer"))
        .args([amount.requests, amount.rounds].map(|number| number.to_string()));
    command::run(&mut program)
}
