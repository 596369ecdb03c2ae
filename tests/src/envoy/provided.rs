//! What `cargo xtask envoy-test` provides.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiled filter, built from this commit.
///
/// # Panics
/// `cargo xtask envoy-test` did not run this.
pub fn module() -> PathBuf {
    PathBuf::from(required("FAPI_ENVOY_MODULE"))
}

/// Where runs of Envoy keep their files.
pub(super) fn folder() -> PathBuf {
    PathBuf::from(required("FAPI_ENVOY_FOLDER"))
}

/// How Envoy is run.
#[derive(Clone, Debug)]
pub(super) enum Provided {
    /// This image, by docker, in containers with this label.
    Image {
        image: String,
        label: String,
    },
    Binary(PathBuf),
}

impl Provided {
    pub(super) fn from_environment() -> Self {
        match env::var("FAPI_ENVOY_IMAGE") {
            Ok(image) => Self::Image {
                image,
                label: required("FAPI_ENVOY_LABEL"),
            },
            Err(_) => Self::Binary(required("FAPI_ENVOY_BINARY").into()),
        }
    }

    /// The command that runs Envoy on files of `folder`, under this name.
    pub(super) fn envoy(&self, folder: &Path, name: &str) -> Command {
        match self {
            Self::Binary(path) => Command::new(path),
            Self::Image { image, label } => {
                let mut docker = Command::new("docker");
                docker.args(["run", "--rm", "--network", "host", "--name", name]);
                docker.args(["--label", label]);
                // The official image would become another user, who need not be able to read our files.
                docker.args(["--env", "ENVOY_UID=0"]);
                // Under the same paths as outside.
                for path in [folder, &module()] {
                    let path = path.display();
                    docker.args(["--volume", &format!("{path}:{path}:ro")]);
                }
                docker.arg(image);
                docker
            }
        }
    }

    /// Ends what [`envoy`](Self::envoy) runs under this name.
    pub(super) fn end(&self, name: &str) {
        if let Self::Image { .. } = self {
            // It fails if the container has ended already.
            drop(
                Command::new("docker")
                    .args(["rm", "--force", name])
                    .output(),
            );
        }
    }
}

fn required(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("no {name}: run this with `cargo xtask envoy-test`"))
}
