//! The steps of `cargo xtask test`, as data.

use crate::failure::Failure;
use crate::workspace::Workspace;
use crate::{beside, envoy, features, install, lint, msrv, package, schema, unit, wasm};

/// One step of the test command; `cargo xtask <name>` runs it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Install,
    Fmt,
    Clippy,
    Docs,
    Unit,
    Schema,
    Features,
    WasmCore,
    Wasm,
    EnvoyTest,
    EnvoyCompose,
    EnvoyImage,
    Beside,
    Msrv,
    Package,
}

impl Step {
    /// All steps in the order of `test`: the cheap ones first; a later one reuses what an earlier one built.
    pub(crate) const ALL: [Self; 15] = [
        Self::Install,
        Self::Fmt,
        Self::Clippy,
        Self::Docs,
        Self::Unit,
        Self::Schema,
        Self::Features,
        Self::WasmCore,
        Self::Wasm,
        Self::EnvoyTest,
        Self::EnvoyCompose,
        Self::EnvoyImage,
        Self::Beside,
        Self::Msrv,
        Self::Package,
    ];

    /// The name on the command line and in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Docs => "docs",
            Self::Unit => "unit",
            Self::Schema => "schema",
            Self::Features => "features",
            Self::WasmCore => "wasm-core",
            Self::Wasm => "wasm",
            Self::EnvoyTest => "envoy-test",
            Self::EnvoyCompose => "envoy-compose",
            Self::EnvoyImage => "envoy-image",
            Self::Beside => "beside",
            Self::Msrv => "msrv",
            Self::Package => "package",
        }
    }

    /// Runs the step as `test` runs it.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<(), Failure> {
        match self {
            Self::Install => install::run(),
            Self::Fmt => lint::fmt(workspace),
            Self::Clippy => lint::clippy(workspace),
            Self::Docs => lint::docs(workspace),
            Self::Unit => unit::run(workspace),
            Self::Schema => schema::run(workspace, schema::Output::Compare),
            Self::Features => features::run(workspace),
            Self::WasmCore => wasm::run(workspace, wasm::ToolchainChoice::Auto),
            Self::Wasm => {
                let (choice, reproduction) =
                    (wasm::ToolchainChoice::Auto, wasm::Reproduction::Omit);
                wasm::run_filter(workspace, choice, reproduction).map(|_| ())
            }
            Self::EnvoyTest => envoy::run(workspace, envoy::VERSION, &[]),
            Self::EnvoyCompose => envoy::compose::run(workspace, envoy::compose::Extent::Run),
            Self::EnvoyImage => envoy::oci::run(workspace, envoy::oci::TAG),
            Self::Beside => beside::run(workspace),
            Self::Msrv => msrv::run(workspace),
            Self::Package => package::run(workspace, package::Verification::Build),
        }
    }
}
