//! Python, in virtual environments.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{is_installed, must_run, note_installed, run};

/// The Python of the virtual environment at `place`, in which the packages of `requirements` are; `module` is one that
/// they bring.
///
/// # Panics
/// It cannot be had.
pub fn python(place: &Path, requirements: &Path, module: &str) -> PathBuf {
    let python = place.join("bin/python");
    let note = place.join("requirements.txt");
    // An environment breaks when the Python that it was made with goes away.
    let import = format!("import {module}");
    let works = || run(Command::new(&python).args(["-c", &import])).is_ok();
    if !(is_installed(requirements, &note) && works()) {
        must_run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(place),
        );
        must_run(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--requirement"])
                .arg(requirements),
        );
        note_installed(requirements, &note);
    }
    python
}
