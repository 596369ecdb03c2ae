//! Envoy with the filter, in front of the accounts.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::Certificate;
use serde_json::{Map, Value, json};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::options::{Options, Program, Socket};
use crate::setup::{AUTHORITY, CERTIFICATE, FILTER, KEY, absolute};
use crate::upstream;

/// What Envoy starts with.
const BOOTSTRAP: &str = "envoy.json";
/// Where the filter says that it can decide.
pub(crate) const READY: &str = "/ready";
/// What the filter reaches the issuer through.
pub(crate) const ISSUER_CLUSTER: &str = "issuer";
/// Envoy compiles the module, and the filter fetches the issuer's keys.
const PATIENCE: Duration = Duration::from_secs(120);

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";

/// A running Envoy. It ends with this.
pub(crate) struct Envoy(Child);

impl Envoy {
    /// Starts it, and waits until the filter can decide.
    pub(crate) async fn start(
        options: &Options,
        program: Program<'_>,
    ) -> Result<Self, Box<dyn Error>> {
        let upstream = upstream::start().await?;
        let file = options.file(BOOTSTRAP);
        let bootstrap = bootstrap(options, program.module, upstream)?;
        fs::write(&file, format!("{bootstrap:#}\n"))?;
        let child = Command::new(program.envoy)
            .arg("--config-path")
            .arg(&file)
            .args(["--disable-hot-restart", "--log-level", "warning"])
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.envoy.display()))?;
        let mut envoy = Self(child);
        envoy.await_readiness(options).await?;
        Ok(envoy)
    }

    /// Completes when it ends by itself; never if there is none.
    pub(crate) async fn ended(envoy: Option<&mut Self>) -> Box<dyn Error> {
        match envoy {
            None => std::future::pending().await,
            Some(Self(child)) => match child.wait().await {
                Ok(status) => format!("Envoy has ended: {status}").into(),
                Err(error) => error.into(),
            },
        }
    }

    async fn await_readiness(&mut self, options: &Options) -> Result<(), Box<dyn Error>> {
        let authority = Certificate::from_pem(&fs::read(options.file(AUTHORITY))?)?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([authority])
            .resolve(options.host(), options.local_address(Socket::Envoy))
            .build()?;
        let url = format!("{}{READY}", options.behind_envoy());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait()? {
                return Err(format!("Envoy did not start: {status}").into());
            }
            let answer = http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{url} is not ready within {PATIENCE:?}").into())
    }
}

/// Its paths are absolute, wherever Envoy is started.
fn bootstrap(
    options: &Options,
    module: &Path,
    upstream: SocketAddr,
) -> Result<Value, Box<dyn Error>> {
    let file = |name| absolute(&options.file(name));
    let tls = json!({
        "@type": format!("{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"),
        // Tokens may be bound to a certificate of the connection. It may be self-signed: the handshake shows that the
        // client has its key, and the token which one it must be.
        "require_client_certificate": false,
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            // FAPI 2.0 Security Profile, 5.2.2: of TLS 1.2 these cipher suites alone.
            "tls_params": {
                "tls_minimum_protocol_version": "TLSv1_2",
                "tls_maximum_protocol_version": "TLSv1_3",
                "cipher_suites": [
                    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
                    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
                ],
            },
            "tls_certificates": [{
                "certificate_chain": { "filename": file(CERTIFICATE)? },
                "private_key": { "filename": file(KEY)? },
            }],
            "validation_context": { "trust_chain_verification": "ACCEPT_UNTRUSTED" },
        },
    });
    let filter = json!({
        "@type": format!("{EXTENSIONS}.filters.http.wasm.v3.Wasm"),
        "config": {
            "name": "fapi",
            "failure_policy": "FAIL_CLOSED",
            "vm_config": {
                "vm_id": "fapi",
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": absolute(module)? } },
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": fs::read_to_string(options.file(FILTER))?,
            },
        },
    });
    let manager = json!({
        "@type": format!("{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "accounts",
        "normalize_path": true,
        "merge_slashes": true,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "use_remote_address": true,
        "http_filters": [
            { "name": "fapi", "typed_config": filter },
            {
                "name": "router",
                "typed_config": { "@type": format!("{EXTENSIONS}.filters.http.router.v3.Router") },
            },
        ],
        "route_config": { "virtual_hosts": [{
            "name": "accounts",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "accounts" } }],
        }] },
    });
    let issuer_tls = json!({
        "@type": format!("{EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext"),
        "sni": options.host(),
        "common_tls_context": {
            "validation_context": {
                "trusted_ca": { "filename": file(AUTHORITY)? },
                "match_typed_subject_alt_names": [
                    { "san_type": san_type(options.host()), "matcher": { "exact": options.host() } },
                ],
            },
        },
    });
    let mut issuer = cluster(ISSUER_CLUSTER, options.local_address(Socket::Issuer));
    let issuer_tls = json!({ "name": "tls", "typed_config": issuer_tls });
    issuer.insert("transport_socket".to_owned(), issuer_tls);
    Ok(json!({
        "static_resources": {
            "listeners": [{
                "name": "accounts",
                "address": socket_address(options.address(Socket::Envoy)),
                "filter_chains": [{
                    "transport_socket": { "name": "tls", "typed_config": tls },
                    "filters": [{ "name": "http", "typed_config": manager }],
                }],
            }],
            "clusters": [issuer, cluster("accounts", upstream)],
        },
    }))
}

fn cluster(name: &str, address: SocketAddr) -> Map<String, Value> {
    let endpoint = json!({ "endpoint": { "address": socket_address(address) } });
    let load_assignment = json!({
        "cluster_name": name,
        "endpoints": [{ "lb_endpoints": [endpoint] }],
    });
    Map::from_iter([
        ("name".to_owned(), name.into()),
        ("type".to_owned(), "STATIC".into()),
        ("connect_timeout".to_owned(), "2s".into()),
        ("load_assignment".to_owned(), load_assignment),
    ])
}

fn socket_address(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip(), "port_value": address.port() } })
}

/// How a certificate names this host.
fn san_type(host: &str) -> &'static str {
    match host.parse::<std::net::IpAddr>() {
        Ok(_) => "IP_ADDRESS",
        Err(_) => "DNS",
    }
}
