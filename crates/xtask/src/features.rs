//! Each feature of each published library alone.

use crate::command;
use crate::failure::Failure;
use crate::workspace::{Package, Workspace};

/// Runs clippy on each library without features and with each feature alone, warnings denied: code that is unused
/// under one feature set is found here.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    for package in workspace.published().filter(|package| package.is_library()) {
        for feature_set in feature_sets(package.features()) {
            check(workspace, package, feature_set)?;
        }
    }
    Ok(())
}

fn check(
    workspace: &Workspace,
    package: &Package,
    feature_set: FeatureSet<'_>,
) -> Result<(), Failure> {
    let mut clippy = workspace.cargo();
    clippy.args([
        "clippy",
        "--package",
        &package.name,
        "--lib",
        "--no-default-features",
    ]);
    match feature_set {
        FeatureSet::Empty => println!("==> features: {}, none", package.name),
        FeatureSet::Only(feature) => {
            println!("==> features: {}, {feature}", package.name);
            clippy.args(["--features", feature]);
        }
    }
    command::run(clippy.args(["--", "-D", "warnings"]))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FeatureSet<'a> {
    Empty,
    Only(&'a str),
}

/// The empty set, then each feature alone. A `default` that enables nothing is the empty set again.
fn feature_sets<'a>(
    features: impl Iterator<Item = (&'a str, &'a [String])>,
) -> Vec<FeatureSet<'a>> {
    let alone = features
        .filter(|(name, enables)| *name != "default" || !enables.is_empty())
        .map(|(name, _)| FeatureSet::Only(name));
    std::iter::once(FeatureSet::Empty).chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: &[String] = &[];

    #[test]
    fn each_feature_stands_alone_once() {
        let enables = ["dep:axum".to_owned()];
        let features = ["axum", "default", "redis"].map(|name| (name, &enables[..]));

        assert_eq!(
            feature_sets(features.into_iter()),
            [
                FeatureSet::Empty,
                FeatureSet::Only("axum"),
                FeatureSet::Only("default"),
                FeatureSet::Only("redis")
            ]
        );
    }

    #[test]
    fn an_empty_default_is_not_checked_twice() {
        assert_eq!(
            feature_sets([("default", NOTHING)].into_iter()),
            [FeatureSet::Empty]
        );
    }
}
