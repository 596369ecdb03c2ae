//! What installing has in common.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Whether `list` is what was installed when this note was made.
pub(super) fn is_installed(list: &Path, note: &Path) -> bool {
    fs::read(note).is_ok_and(|noted| noted == fs::read(list).expect("a list of packages"))
}

/// Notes that `list` is installed.
pub(super) fn note_installed(list: &Path, note: &Path) {
    fs::copy(list, note).expect("a folder to write to");
}

/// What the command prints. It has to succeed.
pub(super) fn must_run(command: &mut Command) -> String {
    run(command).unwrap_or_else(|problem| {
        panic!(
            "{problem}\nThis test needs python3 with its module venv (`cargo xtask install`) and, the first time, the \
             package registries of Python and, if it runs Node.js, of npm."
        )
    })
}

/// What the command prints, if it succeeds.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let said = text(&output.stderr);
        Err(format!("{command:?}: {}\n{said}", output.status))
    }
}
