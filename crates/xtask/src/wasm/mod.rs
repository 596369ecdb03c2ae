//! The WebAssembly builds: of fapi-core, which must need no clock, no sockets and no files, and of the Envoy filter.

mod exports;
mod filter;
mod imports;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;
use imports::Kind;

pub(crate) use filter::{Reproduction, run as run_filter};
pub(crate) use toolchain::{ToolchainChoice, provide};

/// The function that the probe exports.
const EXPORT: &str = "probe";

/// Builds the probe for wasm32-wasip1, prints what it imports, and fails if that is more than allowed.
pub(crate) fn run(workspace: &Workspace, choice: ToolchainChoice) -> Result<(), Failure> {
    let module = build(workspace, choice)?;
    let interface = imports::read(&bytes_of(&module)?).map_err(Failure::Module)?;
    println!(
        "the wasm build of fapi-core has {} imports",
        interface.imports.len()
    );
    for import in &interface.imports {
        println!("  {import}");
    }
    if !interface.exports.iter().any(|name| name == EXPORT) {
        return Err(Failure::NoExport(EXPORT));
    }
    match imports::forbidden(&interface.imports, Kind::Core) {
        names if names.is_empty() => Ok(()),
        names => Err(Failure::ForbiddenImports(names)),
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|cause| Failure::File {
        path: path.to_owned(),
        cause,
    })
}

/// The manifest of the probe, a workspace of its own.
pub(crate) fn probe_manifest(workspace: &Workspace) -> PathBuf {
    workspace
        .root
        .join("crates")
        .join("xtask")
        .join("probe")
        .join("Cargo.toml")
}

fn build(workspace: &Workspace, choice: ToolchainChoice) -> Result<PathBuf, Failure> {
    let toolchain = provide(choice)?;
    let manifest = probe_manifest(workspace);
    workspace.share_lock_file(&manifest)?;
    let target = workspace.target.join("wasm-probe");
    command::run(
        toolchain
            .cargo_build()
            .current_dir(&workspace.root)
            .args([
                "--release",
                "--target",
                toolchain::TARGET,
                "--manifest-path",
            ])
            .arg(&manifest)
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target
        .join(toolchain::TARGET)
        .join("release")
        .join("wasm_probe.wasm"))
}
