//! The JSON Schema of the configuration document.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The example of fapi-core that prints the schema.
const EXAMPLE: &str = "config_schema";

/// What to do with the schema that fapi-core prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Write docs/config.schema.json.
    Write,
    /// Write nothing; fail if that file differs.
    Compare,
}

/// Runs the example `config_schema` of fapi-core and writes or compares docs/config.schema.json.
pub(crate) fn run(workspace: &Workspace, output: Output) -> Result<(), Failure> {
    let schema = print(workspace)?;
    let path = workspace.root.join("docs").join("config.schema.json");
    match output {
        Output::Write => write(&path, &schema),
        Output::Compare => compare(&path, &schema),
    }
}

/// `cargo run -p fapi-core` would build the dependencies anew with the features that fapi-core alone enables. With
/// the features of the whole workspace the tests have built the example already.
fn print(workspace: &Workspace) -> Result<Vec<u8>, Failure> {
    let features = workspace.features();
    command::run(
        workspace
            .cargo()
            .args(["build", "--quiet", "--workspace", "--features", &features])
            .args(["--example", EXAMPLE])
            .env("CARGO_TARGET_DIR", &workspace.target),
    )?;
    let program = workspace
        .target
        .join("debug")
        .join("examples")
        .join(EXAMPLE);
    command::capture(&mut Command::new(
        program.with_extension(std::env::consts::EXE_EXTENSION),
    ))
}

fn write(path: &Path, schema: &[u8]) -> Result<(), Failure> {
    let file_failure = |cause| Failure::File {
        path: path.to_owned(),
        cause,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(file_failure)?;
    }
    fs::write(path, schema).map_err(file_failure)
}

fn compare(path: &Path, schema: &[u8]) -> Result<(), Failure> {
    let written = fs::read(path).map_err(|cause| Failure::File {
        path: path.to_owned(),
        cause,
    })?;
    if written == schema {
        Ok(())
    } else {
        Err(Failure::Stale {
            path: path.to_owned(),
            command: "cargo xtask schema",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_compares_equal_and_anything_else_is_stale() {
        let folder = std::env::temp_dir().join(format!("xtask-schema-{}", std::process::id()));
        let path = folder.join("docs").join("config.schema.json");

        write(&path, b"{}\n").unwrap();

        assert!(compare(&path, b"{}\n").is_ok());
        assert!(matches!(
            compare(&path, b"{\"a\":1}\n"),
            Err(Failure::Stale { .. })
        ));
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(compare(&path, b"{}\n"), Err(Failure::File { .. })));
    }
}
