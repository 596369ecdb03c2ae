//! The feature `fips`: the FIPS module of AWS-LC in the place of its other build.

use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The feature of fapi-crypto and tower-fapi.
pub(crate) const FEATURE: &str = "fips";

/// Tests fapi-crypto with the module and checks tower-fapi with it, in a target folder of its own: the module takes many
/// minutes to build, and everything on top of it is built anew.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    needs("cmake", "--version", "CMake")?;
    needs("go", "version", "Go")?;
    let target = workspace.target.join("fips");
    for [subcommand, package] in [["test", "fapi-crypto"], ["check", "tower-fapi"]] {
        let arguments = [subcommand, "--package", package, "--features", FEATURE];
        command::run(
            workspace
                .cargo()
                .args(arguments)
                .arg("--target-dir")
                .arg(&target),
        )?;
    }
    Ok(())
}

fn needs(program: &str, version: &str, name: &str) -> Result<(), Failure> {
    if command::succeeds(Command::new(program).arg(version)) {
        return Ok(());
    }
    Err(Failure::Missing {
        what: format!("{name}, which builds the FIPS module,"),
        install: format!("Install it so that `{program} {version}` works."),
    })
}
