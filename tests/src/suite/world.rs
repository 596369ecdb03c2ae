//! The servers of a test, and how to reach them.

use std::net::SocketAddr;
use std::sync::Arc;

use fapi_core::UnixTime;
use fapi_issuer::{Config, Issuer, IssuerBuilder, Server};
use reqwest::redirect;
use serde_json::{Map, Value, json};
use tower_fapi::testing::TestClock;

use super::authority::Identity;
use super::cast::CAST;
use super::document::{HOSTS, ISSUER, PLACES, configuration};
use super::key_set::PublicKeys;
use super::reply::Reply;
use super::resource;
use crate::directory::Directory;

/// An issuer and a protected resource, whose clock stands still.
pub struct World {
    pub clock: TestClock,
    pub issuer: Issuer,
    /// What the issuer says of itself.
    pub metadata: Map<String, Value>,
    pub keys: PublicKeys,
    addresses: Addresses,
    _directory: Directory,
}

/// Whose scripts may call the issuer.
pub const WEB_ORIGIN: &str = "https://app.example.com";

/// Whether both servers ask for DPoP nonces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonces {
    Off,
    Required,
}

/// Where the hosts are.
#[derive(Clone, Copy)]
struct Addresses([SocketAddr; 3]);

impl World {
    /// Starts both, on the runtime that runs this.
    pub async fn start(nonces: Nonces) -> Arc<Self> {
        let clock = TestClock::at(UnixTime::from_secs(1_700_000_000));
        let directory = Directory::new();
        directory.write("ca.pem", &CAST.authority.pem());
        directory.write("server.pem", &CAST.server.pem());
        directory.write("server.key", &CAST.server.key_pem());
        let path = directory.path().to_str().expect("a path");
        let mut document = configuration(&CAST, PLACES, path);
        document["cors_origins"] = json!([WEB_ORIGIN]);
        if nonces == Nonces::Required {
            document["dpop"] = json!({ "nonce": { "mode": "required" } });
        }
        let config = Config::from_json(&document.to_string()).expect("a configuration");
        let server = Server::bind(&config).await.expect("sockets");
        let bound = server.addresses().expect("addresses");
        let issuer = IssuerBuilder::from(config.clone()).clock(clock.source());
        let issuer = issuer.build().await.expect("an issuer");
        let (plain, mtls) = (bound.listen, bound.mtls.expect("a second socket"));
        tokio::spawn(server.serve(issuer.router(), std::future::pending()));

        let before = Addresses([plain, mtls, plain]);
        let layer = resource::layer(before.http(None), &clock, nonces);
        let server = Server::bind(&config).await.expect("sockets");
        let resource = resource::serve(server, layer);
        let addresses = Addresses([plain, mtls, resource]);

        let http = addresses.http(None);
        let metadata = get(&http, &format!("{ISSUER}/.well-known/openid-configuration")).await;
        let jwks_uri = metadata["jwks_uri"].as_str().expect("a URL");
        let keys = PublicKeys::of(&get(&http, jwks_uri).await);
        Arc::new(Self {
            clock,
            issuer,
            metadata,
            keys,
            addresses,
            _directory: directory,
        })
    }

    /// A client that finds all hosts here, and shows this certificate.
    pub fn http(&self, identity: Option<&Identity>) -> reqwest::Client {
        self.addresses.http(identity)
    }

    /// Where a host is.
    pub fn address(&self, host: &str) -> SocketAddr {
        let mut all = HOSTS.into_iter().zip(self.addresses.0);
        all.find(|(name, _)| *name == host).expect("a host").1
    }

    /// The URL of an endpoint.
    pub fn endpoint(&self, name: &str) -> String {
        text(&self.metadata, name)
    }

    /// The URL of an endpoint for those who show a certificate (RFC 8705 §5).
    pub fn mtls_endpoint(&self, name: &str) -> String {
        let aliases = self.metadata["mtls_endpoint_aliases"].as_object();
        text(aliases.expect("an object"), name)
    }
}

fn text(members: &Map<String, Value>, name: &str) -> String {
    let value = members.get(name).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

async fn get(http: &reqwest::Client, url: &str) -> Map<String, Value> {
    let response = http.get(url).send().await.expect("an answer");
    Reply::read(response).await.success(200)
}

impl Addresses {
    fn http(self, identity: Option<&Identity>) -> reqwest::Client {
        let tls = CAST.authority.client_config(identity);
        let mut builder = reqwest::Client::builder()
            // Whatever proxy the environment names, it does not lead to this machine.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls);
        // URLs have no port: then that of the address counts.
        for (host, address) in HOSTS.into_iter().zip(self.0) {
            builder = builder.resolve(host, address);
        }
        builder.build().expect("a client")
    }
}
