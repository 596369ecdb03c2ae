//! The packages that would be published.

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

/// Removes what a run before has built of our packages as dependencies: packages of one version never change, thinks cargo.
fn forget_packages(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.target.join("debug").join("deps");
    let files: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        // Nothing was built yet.
        Err(_) => return Ok(()),
    };
    let names: Vec<_> = workspace.published().map(|one| one.name.as_str()).collect();
    let is_of_package = |file: &Path| {
        file.extension().is_some_and(|extension| extension == "d")
            && fs::read_to_string(file).is_ok_and(|sources| is_package(&sources, &names))
    };
    for sources in files.iter().filter(|file| is_of_package(file)) {
        let Some(stem) = sources.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        for extension in ["rlib", "rmeta"] {
            let built = folder.join(format!("lib{stem}.{extension}"));
            match fs::remove_file(&built) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Failure::File {
                        path: built,
                        cause: error,
                    });
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// Whether these sources are those of a package of ours that cargo has unpacked.
fn is_package(sources: &str, names: &[&str]) -> bool {
    sources.split_whitespace().any(|source| {
        let unpacked = source.split_once("/registry/src/");
        let package = unpacked.and_then(|(_, path)| path.split('/').nth(1));
        package
            .and_then(|package| package.rsplit_once('-'))
            .is_some_and(|(name, _)| names.contains(&name))
    })
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
            assert_eq!(is_package(sources, &names), expected, "{sources}");
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
