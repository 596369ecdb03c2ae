//! What the other steps need from outside cargo.

use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::{msrv, wasm};

/// Installs what is missing, or names it. Needs no network when all is there.
pub(crate) fn run() -> Result<(), Failure> {
    component("rustfmt", "fmt")?;
    component("clippy", "clippy")?;
    msrv::provide()?;
    wasm::provide(wasm::ToolchainChoice::Auto)?;
    Ok(())
}

/// A component of the current toolchain, and the cargo command that comes with it.
fn component(name: &str, subcommand: &str) -> Result<(), Failure> {
    if command::succeeds(command::cargo().args([subcommand, "--version"])) {
        return Ok(());
    }
    command::run(Command::new("rustup").args(["component", "add", name])).map_err(|_| {
        Failure::Missing {
            what: format!("`cargo {subcommand}`"),
            install: format!("Install it with: rustup component add {name}"),
        }
    })
}
