//! The oldest Rust release that the workspace supports.

use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// `rust-version` of the root Cargo.toml, which this package inherits.
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// Checks the workspace with that release, in a target folder of its own so that the two compilers do not throw
/// away each other's work.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    provide()?;
    let mut check = in_toolchain(&[
        "cargo",
        "check",
        "--workspace",
        "--features",
        &workspace.features(),
        "--target-dir",
    ]);
    command::run(
        check
            .arg(workspace.target.join("msrv"))
            .current_dir(&workspace.root),
    )
}

/// Installs the toolchain if it is not there.
pub(crate) fn provide() -> Result<(), Failure> {
    let toolchain = toolchain(RUST_VERSION);
    if command::succeeds(&mut in_toolchain(&["rustc", "--version"])) {
        return Ok(());
    }
    let install = ["toolchain", "install", &toolchain, "--profile", "minimal"];
    command::run(command::other_toolchain("rustup").args(install)).map_err(|_| Failure::Missing {
        what: format!("the Rust toolchain {toolchain}"),
        install: format!("Install it with: rustup {}", install.join(" ")),
    })
}

fn in_toolchain(arguments: &[&str]) -> Command {
    let mut command = command::other_toolchain("rustup");
    command
        .arg("run")
        .arg(toolchain(RUST_VERSION))
        .args(arguments);
    command
}

/// The name of the toolchain: `1.88` means its first release, not the last patch of it.
fn toolchain(rust_version: &str) -> String {
    if rust_version.matches('.').count() == 1 {
        format!("{rust_version}.0")
    } else {
        rust_version.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_without_patch_means_its_first_release() {
        assert_eq!(toolchain("1.88"), "1.88.0");
        assert_eq!(toolchain("1.88.1"), "1.88.1");
    }
}
