//! Why a step failed.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::step::Step;

/// What went wrong; the text tells the reader what to do next.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A step of `cargo xtask test` failed.
    Step { step: Step, cause: Box<Failure> },
    /// A program could not be started.
    Start { command: String, cause: io::Error },
    /// A program ran and failed.
    Exit { command: String, status: ExitStatus },
    /// A tool is not there and could not be installed from here.
    Missing { what: String, install: String },
    /// A file could not be read or written.
    File { path: PathBuf, cause: io::Error },
    /// `cargo metadata` printed something unexpected.
    Metadata(serde_json::Error),
    /// The probe is not a WebAssembly module.
    Module(wasmparser::Error),
    /// A module imports functions that it must not need.
    ForbiddenImports(Vec<String>),
    /// Two builds of one source gave different modules.
    NotReproducible { first: String, second: String },
    /// The probe lost the export that calls the core, so its imports prove nothing.
    NoExport(&'static str),
    /// There is no docker engine, and none could be started: why.
    NoEngine(String),
    /// The image of the Envoy filter is not what its users load: what it has.
    Image(String),
    /// A generated file is not what would be generated now.
    Stale {
        path: PathBuf,
        command: &'static str,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { step, cause } => {
                write!(
                    f,
                    "step `{0}` failed: {cause}\nRun it alone with: cargo xtask {0}",
                    step.name()
                )
            }
            Self::Start { command, cause } => write!(f, "`{command}` did not start: {cause}"),
            Self::Exit { command, status } => write!(f, "`{command}` failed ({status})"),
            Self::Missing { what, install } => write!(f, "{what} is missing. {install}"),
            Self::File { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Metadata(cause) => {
                write!(f, "cannot read the output of `cargo metadata`: {cause}")
            }
            Self::Module(cause) => write!(f, "not a WebAssembly module: {cause}"),
            Self::ForbiddenImports(names) => {
                write!(
                    f,
                    "the module imports what it must not use: {}",
                    names.join(", ")
                )
            }
            Self::NotReproducible { first, second } => {
                write!(
                    f,
                    "the same source in two folders gave {first} and {second}"
                )
            }
            Self::NoExport(name) => write!(f, "the probe does not export `{name}`"),
            Self::NoEngine(why) => write!(f, "no docker engine: {why}"),
            Self::Image(has) => {
                write!(
                    f,
                    "the image must be one layer with the module: it has {has}"
                )
            }
            Self::Stale { path, command } => {
                write!(
                    f,
                    "{} is out of date. Write it anew with: {command}",
                    path.display()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_says_how_to_run_it_alone() {
        let cause =
            Failure::ForbiddenImports(vec!["wasi_snapshot_preview1.clock_time_get".to_owned()]);
        let text = Failure::Step {
            step: Step::WasmCore,
            cause: Box::new(cause),
        }
        .to_string();

        assert!(text.starts_with("step `wasm-core` failed: "), "{text}");
        assert!(text.contains("clock_time_get"), "{text}");
        assert!(text.ends_with("cargo xtask wasm-core"), "{text}");
    }
}
