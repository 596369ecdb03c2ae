//! FAPI 2.0 resource server checks as a filter of Envoy: a proxy-wasm module.
//!
//! What the README says about deployment comes first; this is about the code. [`fapi_core`] decides, this crate asks it
//! and does what it says. Everything that concerns Envoy goes through the trait [`host::Host`], so that all of it runs
//! natively in tests.
//!
//! | module | what it does |
//! |---|---|
//! | `root` | the plugin of one worker: configuration, ticks |
//! | `filter` | one request and its response |
//! | `drive`, `resume` | the core's steps, at once and after a wait |
//! | `keys`, `introspect`, `call` | what is fetched through clusters |
//! | `memory` | used proofs, in the data that all workers share |
//! | `crypto` | signatures, by Envoy or in the module |
//! | `id` | names for requests |
//! | `host`, `sys` | Envoy |

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod answer;
mod area;
mod call;
mod claims;
mod config;
pub mod crypto;
mod drive;
mod filter;
pub mod headers;
pub mod host;
mod id;
mod introspect;
mod keys;
mod memory;
mod plugin;
mod resume;
pub mod root;
mod stats;
#[cfg(target_arch = "wasm32")]
mod sys;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "wasm32")]
mod entry {
    use crate::root::Root;
    use crate::sys::Envoy;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Warn);
        proxy_wasm::set_root_context(|context| Box::new(Root::new(Envoy, context)));
    }}
}
