//! The docker engine: the machine's, or one of ours.

use std::path::Path;
use std::process::Command;

use super::daemon::{Daemon, Networks};
use crate::command;

/// An engine that answers. A run's containers end with it, and so does a daemon of ours.
#[derive(Debug)]
pub(super) struct Engine {
    daemon: Option<Daemon>,
    label: String,
}

impl Engine {
    /// Finds the engine of this machine, or starts one; if neither is possible, why.
    pub(super) fn start(folder: &Path, networks: Networks) -> Result<Self, String> {
        if !command::succeeds(Command::new("docker").arg("--version")) {
            return Err("there is no program `docker`".to_owned());
        }
        let daemon = if answers(&mut Command::new("docker")) {
            None
        } else {
            Some(Daemon::start(folder, networks)?)
        };
        Ok(Self {
            daemon,
            label: format!("fapi-envoy-test={}", std::process::id()),
        })
    }

    /// The client, talking to this engine.
    pub(super) fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        self.point(&mut docker);
        docker
    }

    /// Has a command that runs docker talk to this engine.
    pub(super) fn point(&self, command: &mut Command) {
        if let Some(daemon) = &self.daemon {
            command.env("DOCKER_HOST", daemon.address());
        }
    }

    /// Whether a container of this image, which is an Envoy, runs at all.
    pub(super) fn runs(&self, image: &str) -> bool {
        let run = ["run", "--rm", "--network", "host", image, "--version"];
        command::succeeds(self.docker().args(run))
    }

    /// What the containers of this run are marked with.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Ends what tests have left behind: one that was killed ends nothing itself.
    fn end_containers(&self) {
        let filter = format!("label={}", self.label);
        let list = ["ps", "--all", "--quiet", "--filter", &filter];
        let Ok(listed) = command::capture(self.docker().args(list)) else {
            return;
        };
        for id in String::from_utf8_lossy(&listed).split_whitespace() {
            command::succeeds(self.docker().args(["rm", "--force", id]));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end_containers();
    }
}

/// Whether the engine that this client talks to answers.
pub(super) fn answers(docker: &mut Command) -> bool {
    command::succeeds(docker.args(["version", "--format", "{{.Server.Version}}"]))
}
