//! The servers, each a process on the server's core.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use serde_json::{Value, json};

use super::{Plan, Row, Storage, Tokens, Who};
use crate::bench::on_server_core;
use crate::foreign::{NodeProject, Program};

/// A running server.
pub(super) struct Server {
    process: Process,
    address: SocketAddr,
    issuer: String,
    resource: &'static str,
}

enum Process {
    Theirs(Program),
    Ours(Child),
}

impl Server {
    pub(super) fn start(plan: &Plan, row: Row, client: &SigningKey) -> Self {
        let client = json!({ "keys": [client.public_jwk()] });
        match row.who {
            Who::Theirs => Self::theirs(plan, row.tokens, &client),
            Who::Ours(storage) => Self::ours(plan, row.tokens, storage, &client),
        }
    }

    fn theirs(plan: &Plan, tokens: Tokens, client: &Value) -> Self {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        let project = NodeProject::install(&plan.folder.join("interop"), &sources);
        let mut node = on_server_core(&project.script("provider.mjs"));
        let mut program = Program::start(node.env("NODE_ENV", "production"));
        program.tell(&json!({
            "port": 0,
            "dpop_nonce": "off",
            "client": client,
            "resource_server": { "keys": [] },
        }));
        let port = program.hear()["port"].as_u64().expect("a port");
        let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).expect("a port")));
        Self {
            process: Process::Theirs(program),
            address,
            issuer: format!("http://{address}"),
            resource: match tokens {
                Tokens::Jwt => "https://es256.example.com",
                Tokens::Opaque => "https://opaque.example.com",
            },
        }
    }

    fn ours(plan: &Plan, tokens: Tokens, storage: Storage, client: &Value) -> Self {
        const ISSUER: &str = "https://as.example.com";
        const RESOURCE: &str = "https://api.example.com";
        let name = format!("{tokens:?}-{storage:?}");
        let folder = plan.folder.join(name);
        // What an earlier run has left.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let key = SigningKey::generate(Algorithm::Es256).expect("a key");
        let document = json!({
            "issuer": ISSUER,
            "storage": match storage {
                Storage::Memory => json!("memory"),
                Storage::Sqlite => json!({ "sqlite": { "path": folder.join("issuer.db") } }),
            },
            "signing_keys": [key.to_private_jwk().expect("a key")],
            "clients": [{
                "client_id": "app",
                "jwks": client,
                "scope": "accounts payments",
                "audiences": [RESOURCE],
                "access_token_format": match tokens {
                    Tokens::Jwt => "jwt",
                    Tokens::Opaque => "opaque",
                },
            }],
            // One client is all that there is.
            "token_capacity": 10_000_000,
            "dpop": { "replay": {
                "capacity": 1_000_000, "per_client_percent": 100, "per_key": 1_000_000,
            } },
        });
        let config = folder.join("issuer.json");
        fs::write(&config, document.to_string()).expect("a file");
        let mut program = Command::new(&plan.program);
        program
            .args(["--listen", "127.0.0.1:0", "--config"])
            .arg(&config);
        let mut child = on_server_core(&program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program `taskset` (util-linux)");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("a line");
        let address = line.trim_end().strip_prefix("listening on http://");
        Self {
            process: Process::Ours(child),
            address: address.expect("an address").parse().expect("an address"),
            issuer: ISSUER.to_owned(),
            resource: RESOURCE,
        }
    }

    /// The process that does the work: `taskset` becomes it.
    pub(super) fn id(&self) -> u32 {
        match &self.process {
            Process::Theirs(program) => program.id(),
            Process::Ours(child) => child.id(),
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) const fn resource(&self) -> &'static str {
        self.resource
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Process::Ours(child) = &mut self.process {
            // Both fail only if the program has ended already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}
