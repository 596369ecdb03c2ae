//! An issuer, a client, and what they send to Envoy.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use fapi_tests::envoy::{Bootstrap, Envoy, Listener, READINESS_PATH, Server, fapi, until};
use fapi_tests::host::client;
use fapi_tests::wire::{Answer, WireRequest};
use serde_json::{Value, json};
use tower_fapi::testing::{ProofBuilder, TestClient, TestIssuer, TokenBuilder, now};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const API: &str = "https://api.example.com";

/// What Envoy and the filter do is done by then.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Cast {
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
    pub(crate) upstream: Server,
}

impl Cast {
    pub(crate) fn new() -> Self {
        Self {
            issuer: TestIssuer::new(ISSUER),
            client: TestClient::new(),
            upstream: Server::upstream(),
        }
    }

    /// A configuration with the keys in it.
    pub(crate) fn config(&self) -> Value {
        let mut config = json!(self.issuer.config(API));
        config["dpop"] = json!({ "replay": { "capacity": 100_000 } });
        config["envoy"] = json!({ "readiness_path": READINESS_PATH });
        config
    }

    /// An Envoy with one listener, `api`, whose connections go to both workers alike.
    pub(crate) fn envoy(&self, config: &Value) -> Envoy {
        Envoy::start(&self.bootstrap().listener(listener("api", "fapi", config)))
    }

    pub(crate) fn bootstrap(&self) -> Bootstrap {
        Bootstrap::new().cluster("upstream", self.upstream.address())
    }

    pub(crate) fn token(&self) -> TokenBuilder {
        self.issuer.token(self.client.thumbprint(), now())
    }

    /// A proof for `GET /accounts`.
    pub(crate) fn proof(&self, token: &str) -> ProofBuilder {
        let url = format!("{API}/accounts");
        self.client.proof("GET", &url, now()).token(token)
    }

    /// A good request.
    pub(crate) fn good(&self) -> WireRequest {
        self.with_token(&self.token().build())
    }

    /// A request with this token and a good proof.
    pub(crate) fn with_token(&self, token: &str) -> WireRequest {
        request(token, &self.proof(token).build())
    }
}

/// A listener with the filter in it.
pub(crate) fn listener(name: &str, vm_id: &str, config: &Value) -> Listener {
    Listener::new(name).balanced().filter(fapi(vm_id, config))
}

/// `GET /accounts` with these credentials.
pub(crate) fn request(token: &str, proof: &str) -> WireRequest {
    WireRequest::new("GET", "/accounts")
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof)
}

/// The answer to a request over a connection of its own.
pub(crate) fn send(address: SocketAddr, request: &WireRequest) -> Answer {
    exchange(&mut client::connect(address).unwrap(), request)
}

pub(crate) fn status(address: SocketAddr, request: &WireRequest) -> u16 {
    send(address, request).status
}

/// Two connections, one to each worker of an Envoy to which nobody else is connected.
pub(crate) fn connect_to_both(envoy: &Envoy, listener: &str) -> [TcpStream; 2] {
    let address = envoy.listener(listener);
    until("each worker has a connection", SOON, || {
        let connections = [(); 2].map(|()| client::connect(address).unwrap());
        let shares = until("they are accepted", SOON, || {
            let shares = connections_of_workers(envoy);
            (shares.iter().sum::<u64>() == 2).then_some(shares)
        });
        (shares == [1, 1]).then_some(connections)
    })
}

/// How many connections each worker has at the moment.
pub(crate) fn connections_of_workers(envoy: &Envoy) -> [u64; 2] {
    let stats = envoy.stats();
    [0, 1].map(|worker| {
        let name = format!(".worker_{worker}.downstream_cx_active");
        let all = stats.containing(&name);
        all.filter(|(name, _)| !name.contains("admin"))
            .map(|(_, count)| count)
            .sum()
    })
}

/// The answer to a request over an open connection.
pub(crate) fn exchange(connection: &mut TcpStream, request: &WireRequest) -> Answer {
    let answer = client::exchange(connection, request);
    answer.expect("an answer").0
}
