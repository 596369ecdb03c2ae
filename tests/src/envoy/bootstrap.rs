//! What Envoy is to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::module;

/// Where the filter tells whether it is ready, in the tests.
pub const READINESS_PATH: &str = "/ready-for-the-test";

/// The configuration that Envoy starts with.
#[derive(Clone, Debug, Default)]
pub struct Bootstrap {
    listeners: Vec<Listener>,
    clusters: Vec<Value>,
    listeners_file: Option<PathBuf>,
}

impl Bootstrap {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn listener(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// A cluster of one plain HTTP/1.1 server.
    pub fn cluster(self, name: &str, address: SocketAddr) -> Self {
        self.any_cluster(cluster(name, address))
    }

    /// A cluster of any kind; [`cluster`] makes one that can be changed.
    pub fn any_cluster(mut self, cluster: Value) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// Envoy also has the listeners of this file, and watches it. [`listeners_file`] says what stands in it.
    pub(super) fn listeners_in(mut self, file: PathBuf) -> Self {
        self.listeners_file = Some(file);
        self
    }

    /// The JSON that Envoy reads.
    pub fn to_json(&self) -> Value {
        let listeners: Vec<Value> = self.listeners.iter().map(Listener::to_json).collect();
        let dynamic = match &self.listeners_file {
            Some(path) => json!({ "lds_config": { "path_config_source": { "path": path } } }),
            None => json!({}),
        };
        json!({
            "node": { "id": "test", "cluster": "test" },
            "dynamic_resources": dynamic,
            "admin": { "address": socket_address(SocketAddr::from(([127, 0, 0, 1], 0))) },
            "static_resources": { "listeners": listeners, "clusters": self.clusters },
        })
    }
}

/// A listener of its own port on loopback, whose requests go to the cluster `upstream`.
#[derive(Clone, Debug)]
pub struct Listener {
    name: String,
    filters: Vec<Value>,
    proxy_protocol: bool,
    balanced: bool,
    tls: Option<Value>,
    connection_manager: Value,
}

impl Listener {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            filters: Vec::new(),
            proxy_protocol: false,
            balanced: false,
            tls: None,
            connection_manager: json!({
                "@type": format!("{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": name,
                "use_remote_address": true,
                // More than the filter looks at: what is too much is for the filter to say.
                "max_request_headers_kb": 512,
                "common_http_protocol_options": { "max_headers_count": 1000 },
                "route_config": { "virtual_hosts": [{
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "upstream" } }],
                }] },
            }),
        }
    }

    /// Adds an HTTP filter, behind those before it and before the router.
    pub fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    /// Connections begin with a line that says where they come from (PROXY protocol, version 1).
    pub fn proxy_protocol(mut self) -> Self {
        self.proxy_protocol = true;
        self
    }

    /// Each worker gets as many connections as every other one.
    pub fn balanced(mut self) -> Self {
        self.balanced = true;
        self
    }

    /// Connections are TLS: a `DownstreamTlsContext`, without its `@type`.
    pub fn tls(mut self, mut context: Value) -> Self {
        let kind = format!("{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext");
        context["@type"] = kind.into();
        self.tls = Some(json!({ "name": "tls", "typed_config": context }));
        self
    }

    /// Changes the settings of the HTTP connection manager.
    pub fn settings(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.connection_manager);
        self
    }

    /// The JSON of the listener.
    pub fn to_json(&self) -> Value {
        let router = format!("{EXTENSIONS}.filters.http.router.v3.Router");
        let router = json!({ "name": "router", "typed_config": { "@type": router } });
        let mut manager = self.connection_manager.clone();
        manager["http_filters"] = self.filters.iter().cloned().chain([router]).collect();
        let mut chain = json!({ "filters": [{ "name": "http", "typed_config": manager }] });
        if let Some(tls) = &self.tls {
            chain["transport_socket"] = tls.clone();
        }
        let mut listener = json!({
            "name": self.name,
            "address": socket_address(SocketAddr::from(([127, 0, 0, 1], 0))),
            "filter_chains": [chain],
        });
        if self.balanced {
            listener["connection_balance_config"] = json!({ "exact_balance": {} });
        }
        if self.proxy_protocol {
            let kind = format!("{EXTENSIONS}.filters.listener.proxy_protocol.v3.ProxyProtocol");
            let filter = json!({ "name": "proxy", "typed_config": { "@type": kind } });
            listener["listener_filters"] = json!([filter]);
        }
        listener
    }
}

/// The listeners of an Envoy that is told others while it runs.
pub(super) fn listeners_file(listeners: &[Listener]) -> Value {
    let listeners = listeners.iter().map(|listener| {
        let mut resource = listener.to_json();
        resource["@type"] = "type.googleapis.com/envoy.config.listener.v3.Listener".into();
        resource
    });
    json!({ "resources": listeners.collect::<Vec<_>>() })
}

/// The filter under test, with this `vm_id` and this configuration document.
pub fn fapi(vm_id: &str, config: &Value) -> Value {
    wasm(&module().display().to_string(), vm_id, config)
}

/// A filter that is a WebAssembly module.
pub fn wasm(file: &str, vm_id: &str, config: &Value) -> Value {
    json!({
        "name": "fapi",
        "typed_config": {
            "@type": format!("{EXTENSIONS}.filters.http.wasm.v3.Wasm"),
            "config": {
                "name": "fapi",
                "vm_config": {
                    "vm_id": vm_id,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": file } },
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": config.to_string(),
                },
            },
        },
    })
}

/// A cluster of one plain HTTP/1.1 server.
pub fn cluster(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [
                { "endpoint": { "address": socket_address(address) } }
            ] }],
        },
    })
}

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";

fn socket_address(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip(), "port_value": address.port() } })
}
