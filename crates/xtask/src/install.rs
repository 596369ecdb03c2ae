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
    python()?;
    redis()?;
    postgres()?;
    chromium()?;
    docker();
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

/// Python with the modules that make a virtual environment: the tests run other implementations in such. Node.js comes
/// as a Python package, so that its version does not depend on the machine.
fn python() -> Result<(), Failure> {
    // Debian leaves `ensurepip` out of `python3`, and `venv` does not work without it.
    if command::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        return Ok(());
    }
    debian("python3-venv", "Python 3 with its module venv")
}

/// Redis, server and client: the tests of the replay store start servers of their own.
fn redis() -> Result<(), Failure> {
    if command::succeeds(Command::new("redis-server").arg("--version"))
        && command::succeeds(Command::new("redis-cli").arg("--version"))
    {
        return Ok(());
    }
    debian("redis-server", "redis-server with redis-cli")
}

/// PostgreSQL, server and client: the tests of the issuer's storage start a server of their own.
fn postgres() -> Result<(), Failure> {
    // Debian keeps the server's programs in a directory for each version, outside of `PATH`.
    let server = std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut versions| {
        versions
            .any(|version| version.is_ok_and(|version| version.path().join("bin/initdb").exists()))
    });
    let client = command::succeeds(Command::new("psql").arg("--version"));
    if client && (server || command::succeeds(Command::new("initdb").arg("--version"))) {
        return Ok(());
    }
    debian("postgresql", "PostgreSQL, server and client")
}

/// Chromium with its driver: the tests of the pages that users see.
fn chromium() -> Result<(), Failure> {
    if command::succeeds(Command::new("chromium").arg("--version"))
        && command::succeeds(Command::new("chromedriver").arg("--version"))
    {
        return Ok(());
    }
    debian("chromium-driver", "chromium with chromedriver")
}

/// Docker, for Envoy. Not everywhere may one be installed, and `envoy-test` says what it does without.
fn docker() {
    let there = ["docker", "dockerd"]
        .iter()
        .all(|program| command::succeeds(Command::new(program).arg("--version")));
    // A client alone may talk to an engine elsewhere.
    if there || command::succeeds(Command::new("docker").arg("version")) {
        return;
    }
    if let Err(failure) = debian("docker.io", "docker") {
        println!("{failure} Without it the Envoy tests run the binary.");
    }
}

/// A package of Debian that provides `what`.
pub(crate) fn debian(package: &str, what: &str) -> Result<(), Failure> {
    let install = ["install", "--yes", "--no-install-recommends", package];
    let installed =
        command::run(apt_get().arg("update")).and_then(|()| command::run(apt_get().args(install)));
    installed.map_err(|_| Failure::Missing {
        what: what.to_owned(),
        install: format!("Install it with: apt-get install {package}"),
    })
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
