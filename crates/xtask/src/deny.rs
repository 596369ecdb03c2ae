//! Licences, banned crates and sources of the dependencies, by deny.toml.

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// Whether known vulnerabilities are looked up as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advisories {
    Check,
    Omit,
}

/// Runs cargo-deny, and installs it first if it is not there.
pub(crate) fn run(workspace: &Workspace, advisories: Advisories) -> Result<(), Failure> {
    if !command::succeeds(command::cargo().args(["deny", "--version"])) {
        command::run(command::cargo().args(["install", "--locked", "cargo-deny"]))?;
    }
    let mut deny = workspace.cargo();
    deny.args([
        "deny",
        "--workspace",
        "--all-features",
        "check",
        "licenses",
        "bans",
        "sources",
    ]);
    match advisories {
        Advisories::Check => {
            deny.arg("advisories");
        }
        Advisories::Omit => println!(
            "Known vulnerabilities were not looked up: that needs the advisory database from the network. \
             `cargo xtask deny --advisories` does it."
        ),
    }
    command::run(&mut deny)
}
