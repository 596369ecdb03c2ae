//! The Envoy filter as a module: one file, and the same bytes from the same source and compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::imports::{self, Kind};
use super::toolchain::{self, Toolchain, ToolchainChoice};
use super::{bytes_of, exports, provide};
use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

const PACKAGE: &str = "envoy-wasm-filter";
const FILE: &str = "envoy_wasm_filter.wasm";
const PROFILE: &str = "wasm";

/// Vectors of 128 bits, which the engine in Envoy understands: SHA-256 is written with them.
const VECTORS: &str = "-Ctarget-feature=+simd128";

/// Whether the build is done again, elsewhere, and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reproduction {
    Omit,
    Check,
}

/// Builds the module, prints what it is, and fails if it imports more than it may. Answers where it is.
pub(crate) fn run(
    workspace: &Workspace,
    choice: ToolchainChoice,
    reproduction: Reproduction,
) -> Result<PathBuf, Failure> {
    let toolchain = provide(choice)?;
    let folder = workspace.target.join("wasm");
    let module = build(toolchain, &workspace.root, &folder.join("build"))?;
    let path = folder.join(FILE);
    write(&path, &module)?;
    describe(&path, &module)?;
    if reproduction == Reproduction::Check {
        let copy = folder.join("elsewhere");
        copy_sources(workspace, &copy)?;
        let again = build(toolchain, &copy, &copy.join("target"))?;
        if again != module {
            return Err(Failure::NotReproducible {
                first: hash(&module),
                second: hash(&again),
            });
        }
        println!("  the same bytes from a copy of the source in another folder");
    }
    Ok(path)
}

fn describe(path: &Path, module: &[u8]) -> Result<(), Failure> {
    let interface = imports::read(module).map_err(Failure::Module)?;
    println!("{}", path.display());
    println!("  {} bytes, SHA-256 {}", module.len(), hash(module));
    for import in &interface.imports {
        println!("  imports {import}");
    }
    match imports::forbidden(&interface.imports, Kind::Filter) {
        names if names.is_empty() => Ok(()),
        names => Err(Failure::ForbiddenImports(names)),
    }
}

fn build(toolchain: Toolchain, source: &Path, target: &Path) -> Result<Vec<u8>, Failure> {
    command::run(&mut cargo_build(toolchain, source, target))?;
    let module = bytes_of(&target.join(toolchain::TARGET).join(PROFILE).join(FILE))?;
    exports::without_unused(&module).map_err(Failure::Module)
}

fn cargo_build(toolchain: Toolchain, source: &Path, target: &Path) -> Command {
    let mut flags = remapped(source);
    flags.push(VECTORS.to_owned());
    let mut cargo = toolchain.cargo_build_with(&flags);
    cargo
        .current_dir(source)
        .args(["--locked", "--package", PACKAGE, "--profile", PROFILE])
        .args(["--target", toolchain::TARGET])
        .arg("--target-dir")
        .arg(target);
    cargo
}

/// Paths of this machine become names, so that they do not stand in the module.
fn remapped(source: &Path) -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let prefixes = [(Some(source.to_owned()), "/source"), (home, "/cargo")];
    prefixes
        .into_iter()
        .filter_map(|(path, name)| {
            let path = path?;
            Some(format!("--remap-path-prefix={}={name}", path.display()))
        })
        .collect()
}

/// What git knows of, as it is in the work tree.
fn copy_sources(workspace: &Workspace, to: &Path) -> Result<(), Failure> {
    let listed = command::capture(
        Command::new("git")
            .current_dir(&workspace.root)
            .args(["ls-files", "-z"]),
    )?;
    for name in listed.split(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(name);
        let from = workspace.root.join(&*name);
        // A symbolic link, or a file that was removed, is not needed for the build.
        if !name.is_empty() && from.is_file() {
            write(&to.join(&*name), &bytes_of(&from)?)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|cause| Failure::File {
            path: path.to_owned(),
            cause,
        })
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_takes_what_is_locked_and_names_no_path_of_this_machine() {
        let (source, target) = (Path::new("/somewhere/source"), Path::new("/t"));
        let cargo = cargo_build(Toolchain::Rustup, source, target);
        let arguments: Vec<_> = cargo.get_args().filter_map(|one| one.to_str()).collect();
        assert!(arguments.contains(&"--locked"));
        let flags = cargo
            .get_envs()
            .find(|(name, _)| *name == "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS");
        let flags = flags
            .and_then(|(_, value)| value)
            .and_then(|value| value.to_str());
        assert!(
            flags.is_some_and(|flags| flags.contains("--remap-path-prefix=/somewhere/source="))
        );
    }

    #[test]
    fn a_hash_is_hexadecimal() {
        assert!(hash(b"").starts_with("e3b0c44298fc1c14"));
    }
}
