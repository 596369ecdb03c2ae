//! Formatting, clippy and documentation: one cargo command each.

use crate::beside;
use crate::command;
use crate::envoy;
use crate::failure::Failure;
use crate::wasm;
use crate::workspace::Workspace;

/// `cargo fmt --check` on the workspace and on the packages that are no members of it.
pub(crate) fn fmt(workspace: &Workspace) -> Result<(), Failure> {
    command::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    for manifest in [wasm::probe_manifest(workspace), beside::manifest(workspace)] {
        let check = ["fmt", "--check", "--manifest-path"];
        command::run(workspace.cargo().args(check).arg(manifest))?;
    }
    Ok(())
}

/// Clippy on everything with its features, the tests in Envoy among it, warnings denied.
pub(crate) fn clippy(workspace: &Workspace) -> Result<(), Failure> {
    let features = envoy::features(workspace);
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        &features,
        "--",
        "-D",
        "warnings",
    ];
    command::run(workspace.cargo().args(arguments))
}

/// The documentation with the features, warnings denied.
pub(crate) fn docs(workspace: &Workspace) -> Result<(), Failure> {
    command::run(
        workspace
            .cargo()
            .args(["doc", "--workspace", "--no-deps", "--features"])
            .arg(workspace.features())
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}
