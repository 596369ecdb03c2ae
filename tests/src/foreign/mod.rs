//! Programs in other languages: other implementations that ours must understand.
//!
//! They need `python3` with the module `venv`, which `cargo xtask install` sees to, and the package registries the first
//! time. What is installed for them stays in the target folder, so that later runs need no network.

mod install;
mod node;
mod program;
mod python;

pub use node::NodeProject;
pub use program::Program;
pub use python::python;
