//! The packages that would be published.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// Whether each package is also built from the files in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    Build,
    Omit,
}

/// Packages all published crates together, so that each is built against the others' packages and not against
/// what is in the registry. Needs cargo 1.90.
pub(crate) fn run(workspace: &Workspace, verification: Verification) -> Result<(), Failure> {
    forget_packages(workspace)?;
    command::run(&mut package(workspace, verification))
}

/// Removes what a run before has unpacked and built of our packages: packages of one version never change, thinks cargo.
fn forget_packages(workspace: &Workspace) -> Result<(), Failure> {
    let names: Vec<_> = workspace.published().map(|one| one.name.as_str()).collect();
    let built = workspace.target.join("debug").join("deps");
    for sources in entries(&built).iter().filter(|file| is_list(file)) {
        let text = fs::read_to_string(sources).unwrap_or_default();
        let stem = sources.file_stem().and_then(|stem| stem.to_str());
        if let Some(stem) = stem.filter(|_| lists_package(&text, &names)) {
            for extension in ["rlib", "rmeta"] {
                remove(&built.join(format!("lib{stem}.{extension}")))?;
            }
        }
    }
    for registry in entries(&cargo_home().join("registry").join("src")) {
        // Those of folders have no host in their name.
        if name_of(&registry).starts_with('-') {
            let packages = entries(&registry);
            let ours = packages
                .iter()
                .filter(|package| is_package(name_of(package), &names));
            ours.map(PathBuf::as_path).try_for_each(remove)?;
        }
    }
    Ok(())
}

/// Whether a file lists the sources of something that was compiled.
fn is_list(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "d")
}

/// Whether there are sources of a package of ours that cargo has unpacked.
fn lists_package(sources: &str, names: &[&str]) -> bool {
    sources.split_whitespace().any(|source| {
        let unpacked = source.split_once("/registry/src/");
        let package = unpacked.and_then(|(_, path)| path.split('/').nth(1));
        package.is_some_and(|package| is_package(package, names))
    })
}

/// Whether a folder is called as one of these packages, with its version.
fn is_package(folder: &str, names: &[&str]) -> bool {
    let name = folder.rsplit_once('-').map(|(name, _)| name);
    name.is_some_and(|name| names.contains(&name))
}

fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// What is in a folder; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn name_of(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Failure::File {
            path: path.to_owned(),
            cause,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn package(workspace: &Workspace, verification: Verification) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["package", "--allow-dirty"]);
    for package in workspace.published() {
        cargo.args(["--package", &package.name]);
    }
    match verification {
        Verification::Build => {
            // Packages are built outside the workspace, without its profiles. The same target folder and the same
            // profile as in the other steps let cargo reuse the dependencies that these built.
            cargo.env("CARGO_TARGET_DIR", &workspace.target);
            for setting in DEV_PROFILE {
                cargo.args(["--config", setting]);
            }
        }
        Verification::Omit => {
            cargo.arg("--no-verify");
        }
    }
    cargo
}

/// `[profile.dev]` of the root Cargo.toml. A difference costs time, nothing else.
const DEV_PROFILE: [&str; 3] = [
    r#"profile.dev.debug = "line-tables-only""#,
    r#"profile.dev.package."*".opt-level = 2"#,
    r#"profile.dev.package."*".debug = false"#,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_ours_are_known_by_their_sources() {
        let names = ["core", "core-crypto"];
        for (sources, expected) in [
            (
                "/t/a.d: /h/registry/src/-6b/core-0.1.0/src/lib.rs /h/x",
                true,
            ),
            (
                "/t/a.d: /h/registry/src/-6b/core-crypto-0.1.0/src/lib.rs",
                true,
            ),
            (
                "/t/a.d: /h/registry/src/-6b/core-other-1.0.0/src/lib.rs",
                false,
            ),
            ("/t/a.d: /repo/crates/core/src/lib.rs", false),
            ("", false),
        ] {
            assert_eq!(lists_package(sources, &names), expected, "{sources}");
        }
    }

    #[test]
    fn published_packages_are_packaged_together_and_built_by_default() {
        let workspace = Workspace::parse(
            br#"{"workspace_root": "/repo", "target_directory": "/repo/target", "packages": [
                {"name": "core", "publish": null, "features": {}, "targets": []},
                {"name": "xtask", "publish": [], "features": {}, "targets": []},
                {"name": "layer", "publish": null, "features": {}, "targets": []}]}"#,
        )
        .unwrap();
        let arguments = |verification| {
            let command = package(&workspace, verification);
            command
                .get_args()
                .map(|word| word.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let common = [
            "package",
            "--allow-dirty",
            "--package",
            "core",
            "--package",
            "layer",
        ];

        assert_eq!(
            arguments(Verification::Omit),
            [&common[..], &["--no-verify"]].concat()
        );
        let built = arguments(Verification::Build);
        assert!(built.iter().take(common.len()).eq(&common));
        assert!(!built.iter().any(|word| word == "--no-verify"));
    }
}
