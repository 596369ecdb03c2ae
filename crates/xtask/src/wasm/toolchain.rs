//! A compiler for wasm32-wasip1: rustup's target, or where rustup cannot fetch it, Debian's compiler and library
//! source.

use std::env;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use crate::command;
use crate::failure::Failure;

/// The target of the probe.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// Where the user wants the compiler from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ToolchainChoice {
    /// rustup's target, else Debian's packages.
    #[default]
    Auto,
    /// `rustup target add wasm32-wasip1`.
    Rustup,
    /// Debian's packages, which build the standard library from source.
    Debian,
}

/// A compiler that is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    Rustup,
    Debian,
}

/// Installs a compiler if none is there, or says what to install.
pub(crate) fn provide(choice: ToolchainChoice) -> Result<Toolchain, Failure> {
    let rustup = choice != ToolchainChoice::Debian && provide_rustup();
    if rustup {
        return Ok(Toolchain::Rustup);
    }
    let debian = choice != ToolchainChoice::Rustup && provide_debian();
    if debian {
        return Ok(Toolchain::Debian);
    }
    Err(Failure::Missing {
        what: format!("a Rust compiler for {TARGET}"),
        install: format!(
            "Install it with: rustup target add {TARGET}; or on Debian, as root: apt-get install {}",
            PACKAGES.join(" ")
        ),
    })
}

impl Toolchain {
    /// `cargo build` with this compiler.
    pub(crate) fn cargo_build(self) -> Command {
        self.cargo_build_with(&[])
    }

    /// `cargo build` with this compiler and more flags for it.
    pub(crate) fn cargo_build_with(self, flags: &[String]) -> Command {
        let mut flags = flags.to_vec();
        let mut cargo = match self {
            Self::Rustup => command::cargo(),
            Self::Debian => {
                flags.push(format!("-L native={LIBC} -C link-self-contained=no"));
                debian_cargo()
            }
        };
        if !flags.is_empty() {
            cargo.env("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", flags.join(" "));
        }
        cargo.arg("build");
        if self == Self::Debian {
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        cargo
    }
}

/// Packages of Debian: compiler and library source of one version, a linker for it, and the C library that std
/// links for this target.
const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "lld-22",
    "wasi-libc",
];
const LINKER: &str = "/usr/bin/wasm-ld-22";
const LIBC: &str = "/usr/lib/wasm32-wasi";

fn provide_rustup() -> bool {
    has_rustup_target()
        || command::run(Command::new("rustup").args(["target", "add", TARGET])).is_ok()
}

fn has_rustup_target() -> bool {
    let mut list = Command::new("rustup");
    let installed = command::capture(list.args(["target", "list", "--installed"]));
    installed.is_ok_and(|output| {
        String::from_utf8_lossy(&output)
            .lines()
            .any(|line| line.trim() == TARGET)
    })
}

fn provide_debian() -> bool {
    has_debian_packages() || (install_debian_packages().is_ok() && has_debian_packages())
}

fn has_debian_packages() -> bool {
    PACKAGES
        .iter()
        .all(|package| command::succeeds(Command::new("dpkg").args(["--status", package])))
}

/// Fails by itself where there is no apt or where we are not root.
fn install_debian_packages() -> Result<(), Failure> {
    command::run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    command::run(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(install)
            .args(PACKAGES),
    )
}

fn debian_cargo() -> Command {
    let mut cargo = command::other_toolchain("/usr/bin/cargo");
    // -Zbuild-std is unstable: the stable compiler accepts it only so.
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", "/usr/bin/rustc")
        .env("PATH", system_programs_first());
    cargo.env("CARGO_TARGET_WASM32_WASIP1_LINKER", LINKER);
    cargo
}

/// `PATH` with /usr/bin before the shims of rustup.
fn system_programs_first() -> std::ffi::OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(Path::new("/usr/bin").to_owned()).chain(env::split_paths(&path));
    env::join_paths(folders).unwrap_or(path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debian_build_finds_system_programs_first() {
        let path = system_programs_first();

        assert_eq!(
            env::split_paths(&path).next().as_deref(),
            Some(Path::new("/usr/bin"))
        );
    }

    #[test]
    fn the_debian_build_uses_no_program_of_rustup() {
        let cargo = Toolchain::Debian.cargo_build();
        let is_removed = |wanted: &str| {
            cargo
                .get_envs()
                .any(|(name, value)| name == wanted && value.is_none())
        };

        assert_eq!(cargo.get_program(), "/usr/bin/cargo");
        assert!(is_removed("CARGO") && is_removed("RUSTUP_TOOLCHAIN"));
    }
}
