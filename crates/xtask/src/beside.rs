//! The program in `tests/beside-jsonwebtoken`, which uses jsonwebtoken with a back end of its own beside tower-fapi.

use std::path::PathBuf;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// Tests the program. It is a workspace of its own, since features would spread to ours; it shares what is built alike.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let manifest = manifest(workspace);
    workspace.share_lock_file(&manifest)?;
    command::run(
        workspace
            .cargo()
            .args(["test", "--quiet", "--manifest-path"])
            .arg(&manifest)
            .arg("--target-dir")
            .arg(&workspace.target),
    )
}

/// The manifest of the program.
pub(crate) fn manifest(workspace: &Workspace) -> PathBuf {
    workspace
        .root
        .join("tests")
        .join("beside-jsonwebtoken")
        .join("Cargo.toml")
}
