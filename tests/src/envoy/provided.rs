//! What `cargo xtask envoy-test` provides.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Workers;

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
    pub(super) fn envoy(&self, folder: &Path, name: &str, workers: Workers) -> Command {
        let mut envoy = self.placed(folder, name, workers);
        let count = match workers {
            Workers::Two => "2",
            Workers::OneOn(_) => "1",
        };
        envoy.args(["--concurrency", count]);
        envoy
    }

    fn placed(&self, folder: &Path, name: &str, workers: Workers) -> Command {
        match self {
            Self::Binary(path) => match workers {
                Workers::Two => Command::new(path),
                Workers::OneOn(core) => {
                    let mut taskset = Command::new("taskset");
                    taskset.args(["--cpu-list", &core.to_string()]).arg(path);
                    taskset
                }
            },
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
                if let Workers::OneOn(core) = workers {
                    docker.arg(format!("--cpuset-cpus={core}"));
                }
                docker.arg(image);
                docker
            }
        }
    }

    /// Whether what is started is Envoy itself.
    pub(super) const fn is_child(&self) -> bool {
        matches!(self, Self::Binary(_))
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
