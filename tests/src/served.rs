//! Servers as browsers and foreign programs find them: over HTTPS, each on a free port of 127.0.0.1.

use axum::Router;
use fapi_issuer::{Config, Issuer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::suite::{Authority, Identity, run_listener};

/// This machine, under two names, so that a page may come from another site than the next.
pub struct Machine {
    pub authority: Authority,
    identity: Identity,
}

/// The names of the machine.
pub const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

impl Machine {
    pub fn new() -> Self {
        let authority = Authority::new();
        Self {
            identity: authority.server(&HOSTS),
            authority,
        }
    }

    /// The SHA-256 hash of the public key of all servers (SubjectPublicKeyInfo) in base64.
    pub fn key_hash(&self) -> String {
        self.identity.key_hash()
    }

    /// A socket of this host, one of [`HOSTS`].
    pub async fn bind(&self, host: &str) -> Socket<'_> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        Socket {
            identity: &self.identity,
            listener,
            url: format!("https://{host}:{port}"),
        }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

/// A bound socket, whose address is known before what it will serve.
pub struct Socket<'a> {
    identity: &'a Identity,
    listener: TcpListener,
    url: String,
}

impl Socket<'_> {
    /// The scheme and the authority of addresses there.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves the issuer that this document describes, under the name of the socket.
    pub async fn serve_issuer(self, mut document: Value) -> Running {
        document["issuer"] = self.url().into();
        let config = Config::from_json(&document.to_string()).expect("a configuration");
        let issuer = Issuer::from_config(config).await.expect("an issuer");
        self.serve(issuer.router())
    }

    /// Serves something else.
    pub fn serve(self, router: Router) -> Running {
        Running {
            url: self.url,
            task: tokio::spawn(run_listener(self.listener, self.identity, router)),
        }
    }
}

/// A running server. It takes no more connections when this is dropped.
pub struct Running {
    url: String,
    task: JoinHandle<()>,
}

impl Running {
    /// The scheme and the authority of addresses there.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
