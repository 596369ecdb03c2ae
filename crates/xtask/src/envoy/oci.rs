//! The Envoy filter as an image, for Istio and Envoy Gateway.

use std::fs;
use std::path::{Path, PathBuf};

use super::daemon::Networks;
use super::engine::Engine;
use super::image::{self, at};
use crate::command;
use crate::failure::Failure;
use crate::wasm::{self, Reproduction, ToolchainChoice};
use crate::workspace::Workspace;

/// The image's name, unless another one is wanted.
pub(crate) const TAG: &str = "envoy-wasm-filter:latest";

/// Where the module is in the image.
const MODULE: &str = "plugin.wasm";

/// Builds the image from the module of this source tree, and checks that it is what its users load.
pub(crate) fn run(workspace: &Workspace, tag: &str) -> Result<(), Failure> {
    let module = wasm::run_filter(workspace, ToolchainChoice::Auto, Reproduction::Omit)?;
    let parent = super::folder(workspace)?;
    let folder = parent.join("oci");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(&module, folder.join(MODULE)))
        .map_err(at(&module))?;
    let dockerfile: PathBuf = ["examples", "envoy", "oci", "Dockerfile"].iter().collect();
    let engine = Engine::start(&parent, Networks::Host).map_err(Failure::NoEngine)?;
    image::build(&engine, tag, &workspace.root.join(dockerfile), &folder)?;
    check(&engine, tag, &module, &folder)?;
    println!("{tag}: one layer, /{MODULE}");
    Ok(())
}

/// Istio and Envoy Gateway take an image of one layer with the module in it.
fn check(engine: &Engine, tag: &str, module: &Path, folder: &Path) -> Result<(), Failure> {
    let print = [
        "image",
        "inspect",
        "--format",
        "{{len .RootFS.Layers}}",
        tag,
    ];
    let layers = command::capture(engine.docker().args(print))?;
    if layers.trim_ascii() != b"1" {
        let layers = String::from_utf8_lossy(&layers);
        return Err(Failure::Image(format!("{} layers", layers.trim_end())));
    }
    // It is never started, so any command will do.
    let created =
        command::capture(
            engine
                .docker()
                .args(["create", "--network", "none", tag, "none"]),
        )?;
    let container = String::from_utf8_lossy(&created).trim_end().to_owned();
    let copy = folder.join("copy.wasm");
    let source = format!("{container}:/{MODULE}");
    let copied = command::run(engine.docker().args(["cp", &source]).arg(&copy));
    command::capture(engine.docker().args(["rm", &container]))?;
    copied?;
    let read = |path: &Path| fs::read(path).map_err(at(path));
    if read(&copy)? == read(module)? {
        Ok(())
    } else {
        Err(Failure::Image(format!("another {MODULE}")))
    }
}
