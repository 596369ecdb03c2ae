//! Programs that the steps start.

use std::env;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The cargo that runs this xtask.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    forget_this_package(&mut command);
    command
}

/// A program of another toolchain than the one that runs this xtask.
pub(crate) fn other_toolchain(program: &str) -> Command {
    let mut command = Command::new(program);
    forget_this_package(&mut command);
    // `cargo run` points these at its own toolchain; a compiler of another release must not load its libraries.
    for name in [
        "CARGO",
        "RUSTUP_TOOLCHAIN",
        "LD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs the command; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|cause| Failure::Start {
        command: shown(command),
        cause,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Exit {
            command: shown(command),
            status,
        })
    }
}

/// Runs the command and returns the bytes of its standard output.
pub(crate) fn capture(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|cause| Failure::Start {
            command: shown(command),
            cause,
        })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure::Exit {
            command: shown(command),
            status: output.status,
        })
    }
}

/// Whether the command can be started and succeeds; prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `cargo run` describes the xtask package in the environment; a build script that watches one of these variables
/// would run again each time.
fn forget_this_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// The command as one would type it: the program without its folder, then the arguments.
fn shown(command: &Command) -> String {
    let path = std::path::Path::new(command.get_program());
    std::iter::once(path.file_name().unwrap_or(command.get_program()))
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["fmt", "--all"]);

        assert_eq!(shown(&command), "cargo fmt --all");
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_to_start() {
        let failure = run(&mut Command::new("/nowhere/program"));

        assert!(matches!(failure, Err(Failure::Start { command, .. }) if command == "program"));
        assert!(!succeeds(&mut Command::new("/nowhere/program")));
    }

    #[test]
    fn the_output_of_a_command_is_captured() {
        assert!(
            capture(cargo().arg("--version"))
                .unwrap()
                .starts_with(b"cargo ")
        );
        assert!(matches!(
            capture(&mut Command::new("false")),
            Err(Failure::Exit { .. })
        ));
    }

    #[test]
    fn another_toolchain_does_not_inherit_ours() {
        let command = other_toolchain("rustup");

        assert!(
            command
                .get_envs()
                .any(|(name, value)| name == "RUSTUP_TOOLCHAIN" && value.is_none())
        );
    }
}
