//! Envoy with the filter in it, and what stands around it.
//!
//! [`Bootstrap`] says what Envoy is to do, [`Envoy`] runs it and tells what it tells of itself, [`Server`] is what it
//! talks to. Everything is on loopback, on ports that nobody chose. `cargo xtask envoy-test` builds the module, provides
//! Envoy, and passes both on in the environment:
//!
//! ```text
//! let upstream = Server::upstream();
//! let config = json!({ "resource": "https://api.example.com", … });
//! let bootstrap = Bootstrap::new()
//!     .cluster("upstream", upstream.address())
//!     .listener(Listener::new("api").filter(fapi("vm-1", &config)));
//! let envoy = Envoy::start(&bootstrap);
//! let address = envoy.listener("api");
//! // … requests to this address …
//! assert_eq!(envoy.stats().get("wasmcustom.fapi.accepted"), 1);
//! ```

pub mod bench;
mod bootstrap;
mod gate;
mod process;
mod provided;
mod server;
mod stats;

pub use bootstrap::{Bootstrap, Listener, READINESS_PATH, cluster, fapi, wasm};
pub use gate::Gate;
pub use process::{Envoy, Workers, until};
pub use provided::module;
pub use server::{Reply, Seen, Server};
pub use stats::Stats;
