//! Formatting, clippy and documentation: one cargo command each.

use crate::command;
use crate::failure::Failure;
use crate::wasm;
use crate::workspace::Workspace;

/// `cargo fmt --check` on the workspace and on the wasm probe, which is no member of it.
pub(crate) fn fmt(workspace: &Workspace) -> Result<(), Failure> {
    command::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    let probe = wasm::probe_manifest(workspace);
    command::run(
        workspace
            .cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(probe),
    )
}

/// Clippy on everything with all features, warnings denied.
pub(crate) fn clippy(workspace: &Workspace) -> Result<(), Failure> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    command::run(workspace.cargo().args(arguments))
}

/// The documentation with all features, warnings denied.
pub(crate) fn docs(workspace: &Workspace) -> Result<(), Failure> {
    command::run(
        workspace
            .cargo()
            .args(["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}
