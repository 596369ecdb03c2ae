//! What `cargo metadata` says about the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::command;
use crate::failure::Failure;
use crate::{envoy, fips, jwe};

/// Features that only commands of their own build: they need tools that the other steps do without.
const LEFT_OUT: [&str; 3] = [envoy::FEATURE, fips::FEATURE, jwe::FEATURE];

/// The workspace and its packages.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The folder of the root Cargo.toml.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Each feature and what it enables, implicit ones of optional dependencies included.
    features: BTreeMap<String, Vec<String>>,
    /// `None`: to any registry. An empty list: never.
    publish: Option<Vec<String>>,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace of the current folder.
    pub(crate) fn load() -> Result<Self, Failure> {
        let output = command::capture(command::cargo().args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        Self::parse(&output)
    }

    /// Reads the output of `cargo metadata`.
    pub(crate) fn parse(metadata: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(metadata).map_err(Failure::Metadata)
    }

    /// `cargo` in the root folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = command::cargo();
        command.current_dir(&self.root);
        command
    }

    /// Gives a package that is a workspace of its own the dependencies that this one has locked; cargo drops what it does
    /// not need.
    pub(crate) fn share_lock_file(&self, manifest: &Path) -> Result<(), Failure> {
        let from = self.root.join("Cargo.lock");
        fs::copy(&from, manifest.with_file_name("Cargo.lock"))
            .map(|_| ())
            .map_err(|cause| Failure::File { path: from, cause })
    }

    /// Every feature of every package, as `--features` takes them together with `--workspace`: `--all-features` without
    /// those that only commands of their own build.
    pub(crate) fn features(&self) -> String {
        let features: Vec<_> = self
            .packages
            .iter()
            .flat_map(|package| {
                let name = &package.name;
                package
                    .features()
                    .map(move |(feature, _)| format!("{name}/{feature}"))
            })
            .collect();
        features.join(",")
    }

    /// The packages that go to a registry.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| package.is_published())
    }
}

impl Package {
    fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty())
    }

    /// Its features with what they enable, without those that only commands of their own build.
    pub(crate) fn features(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.features
            .iter()
            .map(|(name, enables)| (name.as_str(), enables.as_slice()))
            .filter(|(name, _)| !LEFT_OUT.contains(name))
    }

    /// Whether other packages can depend on it.
    pub(crate) fn is_library(&self) -> bool {
        self.targets
            .iter()
            .any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/repo", "target_directory": "/repo/target", "version": 1,
        "packages": [
            {"name": "core", "publish": null, "features": {"default": [], "fips": ["dep:lc"], "schema": ["dep:schemars"]},
             "targets": [{"kind": ["lib"]}, {"kind": ["example"]}]},
            {"name": "xtask", "publish": [], "features": {}, "targets": [{"kind": ["bin"]}]},
            {"name": "tool", "publish": ["own"], "features": {"net": []}, "targets": [{"kind": ["bin"]}]}
        ]}"#;

    #[test]
    fn packages_that_are_never_published_are_left_out() {
        let workspace = Workspace::parse(METADATA.as_bytes()).unwrap();

        assert_eq!(
            workspace
                .published()
                .map(|package| package.name.as_str())
                .collect::<Vec<_>>(),
            ["core", "tool"]
        );
        assert_eq!(
            workspace
                .published()
                .map(Package::is_library)
                .collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(workspace.cargo().get_current_dir(), Some("/repo".as_ref()));
    }

    #[test]
    fn every_feature_is_named_but_those_with_commands_of_their_own() {
        let workspace = Workspace::parse(METADATA.as_bytes()).unwrap();

        assert_eq!(workspace.features(), "core/default,core/schema,tool/net");
    }

    #[test]
    fn unexpected_metadata_is_refused() {
        assert!(matches!(Workspace::parse(b"{}"), Err(Failure::Metadata(_))));
    }
}
