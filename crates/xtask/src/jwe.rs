//! The feature `jwe`: answers of the issuer that are encrypted with OpenSSL.

use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The feature of fapi-issuer.
pub(crate) const FEATURE: &str = "jwe";

/// Lints and tests fapi-issuer with the feature, in a target folder of its own: josekit turns on a feature of serde_json,
/// so that everything on top of it is built anew.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    needs_openssl()?;
    let target = workspace.target.join(FEATURE);
    let with_feature = ["--package", "fapi-issuer", "--features", FEATURE];
    let clippy = ["--all-targets", "--", "--deny", "warnings"];
    for (subcommand, arguments) in [("clippy", &clippy[..]), ("test", &[])] {
        command::run(
            workspace
                .cargo()
                .arg(subcommand)
                .arg("--target-dir")
                .arg(&target)
                .args(with_feature)
                .args(arguments),
        )?;
    }
    Ok(())
}

fn needs_openssl() -> Result<(), Failure> {
    let mut pkg_config = Command::new("pkg-config");
    if command::succeeds(pkg_config.args(["--exists", "openssl"])) {
        return Ok(());
    }
    Err(Failure::Missing {
        what: "OpenSSL with its headers, which josekit is built on,".to_owned(),
        install: "Install pkg-config and OpenSSL's development package (libssl-dev on Debian) so that `pkg-config --exists openssl` works.".to_owned(),
    })
}
