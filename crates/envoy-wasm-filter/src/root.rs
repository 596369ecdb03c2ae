//! The plugin's root context: one in each worker.

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::config;
use crate::filter::Filter;
use crate::host::{Host, Level};
use crate::plugin::{Caller, Plugin};

/// How often keys and waiting requests are looked after. A request that needs a fetch waits for the next time.
const TICK: Duration = Duration::from_millis(100);

/// The root context: what the module hands to the SDK, and tests to a host of their own.
pub struct Root<H: Host> {
    host: H,
    context: u32,
    plugin: Option<Rc<Plugin<H>>>,
}

impl<H: Host> Root<H> {
    /// The root context of this number. It does nothing before it is configured.
    #[must_use]
    pub const fn new(host: H, context: u32) -> Self {
        Self {
            host,
            context,
            plugin: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn plugin(&self) -> Option<Rc<Plugin<H>>> {
        self.plugin.clone()
    }
}

impl<H: Host> Context for Root<H> {
    fn on_http_call_response(&mut self, call: u32, _headers: usize, size: usize, _trailers: usize) {
        if let Some(plugin) = &self.plugin {
            plugin.call_answered(call, size, Caller::Root);
        }
    }
}

impl<H: Host> RootContext for Root<H> {
    fn on_configure(&mut self, _size: usize) -> bool {
        let document = self.host.configuration().unwrap_or_default();
        match config::assemble(&self.host, self.context, &document) {
            Ok(plugin) => {
                self.plugin = Some(Rc::new(plugin));
                // No calls may be made yet: the first tick begins to fetch keys.
                self.host.tick_every(TICK);
                true
            }
            Err(error) => {
                let line = format!("fapi: the configuration cannot be used: {error}");
                self.host.log(Level::Error, &line);
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(plugin) = &self.plugin {
            plugin.tick();
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let filter = Filter::new(self.host.clone(), self.plugin.clone(), context);
        Some(Box::new(filter))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
