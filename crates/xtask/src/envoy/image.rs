//! An image with Envoy in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::engine::Engine;
use crate::command;
use crate::failure::Failure;

/// Pulls an image, unless the engine has it.
pub(super) fn pull(engine: &Engine, image: &str) -> Result<(), Failure> {
    if has(engine, image) {
        return Ok(());
    }
    command::run(engine.docker().args(["pull", image]))
}

/// Makes an image of the binary and the libraries that it is linked with; gives its name.
pub(super) fn make(
    engine: &Engine,
    folder: &Path,
    binary: &Path,
    version: &str,
) -> Result<String, Failure> {
    let image = format!("fapi-envoy-test:{version}");
    if has(engine, &image) {
        return Ok(image);
    }
    let root = folder.join(format!("image-{version}"));
    copy_program(binary, &root, Path::new("/usr/local/bin/envoy"))?;
    let temporary = root.join("tmp");
    fs::create_dir_all(&temporary).map_err(at(&temporary))?;

    let mut tar = Command::new("tar");
    let mut tar = tar
        .args(["--create", "--directory"])
        .arg(&root)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| Failure::Start {
            command: "tar".to_owned(),
            cause,
        })?;
    let archive = tar.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let entry = r#"ENTRYPOINT ["/usr/local/bin/envoy"]"#;
    let import = ["import", "--change", entry, "-", &image];
    let imported = command::capture(engine.docker().args(import).stdin(archive));
    let archived = tar.wait().map_err(at(&root))?;
    fs::remove_dir_all(&root).map_err(at(&root))?;
    imported?;
    if archived.success() {
        Ok(image)
    } else {
        Err(Failure::Exit {
            command: "tar --create".to_owned(),
            status: archived,
        })
    }
}

/// Builds an image `FROM scratch` of what is in a folder.
pub(super) fn build(
    engine: &Engine,
    image: &str,
    dockerfile: &Path,
    folder: &Path,
) -> Result<(), Failure> {
    let mut docker = engine.docker();
    docker.args(["build", "--quiet", "--tag", image, "--file"]);
    command::run(docker.arg(dockerfile).arg(folder))
}

/// Copies a program to `place` below `root`, and the libraries that it is linked with to where it looks for them.
pub(super) fn copy_program(binary: &Path, root: &Path, place: &Path) -> Result<(), Failure> {
    let libraries = libraries(binary)?;
    let files = libraries
        .iter()
        .map(|path| (path.as_path(), path.as_path()));
    for (from, to) in files.chain([(binary, place)]) {
        copy(from, &root.join(to.strip_prefix("/").unwrap_or(to)))?;
    }
    Ok(())
}

fn has(engine: &Engine, image: &str) -> bool {
    command::succeeds(engine.docker().args(["image", "inspect", image]))
}

/// The files that the loader needs, the loader among them.
fn libraries(binary: &Path) -> Result<Vec<PathBuf>, Failure> {
    let printed = command::capture(Command::new("ldd").arg(binary))?;
    Ok(parse_ldd(&String::from_utf8_lossy(&printed)))
}

/// Lines are `name => /path (0x…)` and `/path (0x…)`; without a path there is no file.
fn parse_ldd(printed: &str) -> Vec<PathBuf> {
    printed
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

/// Copies a file, what a symbolic link points to.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::copy(from, to).map(|_| ()).map_err(at(from))
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |cause| Failure::File { path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_the_loader_are_found() {
        let printed = "\tlinux-vdso.so.1 (0x00007ffd)\n\
                       \tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)\n\
                       \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";

        assert_eq!(
            parse_ldd(printed),
            [
                Path::new("/lib/x86_64-linux-gnu/libm.so.6"),
                Path::new("/lib64/ld-linux-x86-64.so.2")
            ]
        );
    }
}
