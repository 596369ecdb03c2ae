//! `examples/envoy/compose`: the example with Docker Compose, run without a container registry where there is none.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::daemon::Networks;
use super::engine::Engine;
use super::{VERSION, folder, image, provide_image};
use crate::command;
use crate::failure::Failure;
use crate::install;
use crate::wasm::{self, Reproduction, ToolchainChoice};
use crate::workspace::Workspace;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Build what `compose.yaml` takes from the target folder.
    Prepare,
    /// Then run the client, and remove everything again.
    Run,
}

/// The image that `compose.yaml` builds.
const IMAGE: &str = "fapi-envoy-example";

/// The programs in it.
const PROGRAMS: [&str; 2] = ["example-envoy", "fapi-issuer"];

/// Builds the module and the programs, and runs the client.
pub(crate) fn run(workspace: &Workspace, extent: Extent) -> Result<(), Failure> {
    wasm::run_filter(workspace, ToolchainChoice::Auto, Reproduction::Omit)?;
    programs(workspace)?;
    match extent {
        Extent::Prepare => Ok(()),
        Extent::Run => {
            let folder = folder(workspace)?;
            let engine = Engine::start(&folder, Networks::Bridges).map_err(Failure::NoEngine)?;
            let envoy = provide_image(&engine, &folder, VERSION)?;
            let project = Project::new(workspace, &engine, envoy)?;
            // One image, whichever service it is built for.
            command::run(project.compose().args(["build", "--quiet", "setup"]))?;
            // Without a terminal of its own: there is none in CI.
            command::run(project.compose().args(["run", "--rm", "-T", "client"]))
                .inspect_err(|_| project.show_logs())
        }
    }
}

/// Builds the programs as the tests do, so that nothing is built twice.
fn programs(workspace: &Workspace) -> Result<(), Failure> {
    let mut build = workspace.cargo();
    build.args(["build", "--workspace", "--features"]);
    build.arg(workspace.features());
    for program in PROGRAMS {
        build.args(["--bin", program]);
    }
    command::run(&mut build)?;
    let root = workspace.target.join("envoy-compose").join("root");
    PROGRAMS.iter().try_for_each(|program| {
        let built = workspace.target.join("debug").join(program);
        image::copy_program(&built, &root, &Path::new("/bin").join(program))
    })
}

/// The containers, networks and volumes of one run. Removed when it is over.
struct Project<'a> {
    engine: &'a Engine,
    program: Program,
    file: PathBuf,
    name: String,
    envoy: String,
}

/// What reads compose files here.
enum Program {
    /// `docker compose`.
    Plugin,
    /// `docker-compose`, which Debian has.
    Standalone,
}

impl<'a> Project<'a> {
    fn new(workspace: &Workspace, engine: &'a Engine, envoy: String) -> Result<Self, Failure> {
        let folder: PathBuf = ["examples", "envoy", "compose"].iter().collect();
        Ok(Self {
            engine,
            program: Program::provide()?,
            file: workspace.root.join(folder).join("compose.yaml"),
            name: format!("fapi-envoy-{}", std::process::id()),
            envoy,
        })
    }

    fn compose(&self) -> Command {
        let mut compose = match self.program {
            Program::Plugin => {
                let mut docker = self.engine.docker();
                docker.arg("compose");
                docker
            }
            Program::Standalone => {
                let mut standalone = Command::new("docker-compose");
                self.engine.point(&mut standalone);
                standalone
            }
        };
        compose
            .args(["--project-name", &self.name, "--file"])
            .arg(&self.file)
            .env("ENVOY_IMAGE", &self.envoy);
        compose
    }

    fn show_logs(&self) {
        // What went wrong is told already.
        drop(command::run(self.compose().args([
            "logs",
            "--no-color",
            "--tail=30",
        ])));
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let down = ["down", "--volumes", "--remove-orphans"];
        let gone = command::succeeds(self.compose().args(down))
            && command::succeeds(self.engine.docker().args(["image", "rm", IMAGE]));
        if !gone {
            eprintln!("xtask: the project {} could not be removed", self.name);
        }
    }
}

impl Program {
    fn provide() -> Result<Self, Failure> {
        let plugin = || command::succeeds(Command::new("docker").args(["compose", "version"]));
        let standalone = || command::succeeds(Command::new("docker-compose").arg("version"));
        if plugin() {
            return Ok(Self::Plugin);
        }
        if !standalone() {
            install::debian("docker-compose", "Docker Compose")?;
        }
        // Debian's package of that name is the plugin from version 2 on.
        Ok(if plugin() {
            Self::Plugin
        } else {
            Self::Standalone
        })
    }
}
