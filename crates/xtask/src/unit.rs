//! All tests of the workspace.

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// Unit, integration and doc tests with the features of [`Workspace::features`].
///
/// `--include-ignored`: a test that cannot run fails, it is not skipped in silence. Documentation that is no
/// program is marked `text`, not `ignore`.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let arguments = [
        "test",
        "--workspace",
        "--features",
        &workspace.features(),
        "--no-fail-fast",
        "--",
        "--include-ignored",
    ];
    command::run(workspace.cargo().args(arguments))
}
