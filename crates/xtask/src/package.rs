//! The packages that would be published.

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
    command::run(&mut package(workspace, verification))
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
