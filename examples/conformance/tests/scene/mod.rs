//! The program as a user starts it, and a client made of a file that it wrote for the suite.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use fapi_crypto::SigningKey;
use fapi_tests::assertion;
use fapi_tests::directory::Directory;
use reqwest::{Certificate, Identity, RequestBuilder};
use serde_json::Value;
use tower_fapi::testing::{TestClient, now};

/// The running program. It ends with this.
pub(crate) struct Program {
    child: Child,
    folder: Directory,
    port: u16,
}

impl Program {
    /// Starts it with these further arguments, and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = Directory::new();
        let port = free_ports();
        let child = run(&folder, port, arguments);
        Self {
            child,
            folder,
            port,
        }
    }

    /// Ends it, and starts it again with these further arguments.
    pub(crate) fn restart(&mut self, arguments: &[&str]) {
        self.end();
        self.child = run(&self.folder, self.port, arguments);
    }

    fn end(&mut self) {
        // Told to end it ends Envoy; killed it would leave it behind.
        let id = self.child.id().to_string();
        let told = Command::new("kill").arg(id).status();
        if !told.is_ok_and(|status| status.success()) {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    /// The lines of the list for the suite's runner: plans and files.
    pub(crate) fn plans(&self) -> Vec<(String, String)> {
        let list = self.text("suite/plans.txt");
        let lines = list.lines().map(|line| line.split_once(' ').unwrap());
        lines
            .map(|(plan, file)| (plan.to_owned(), format!("suite/{file}")))
            .collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(folder: &Directory, port: u16, arguments: &[&str]) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_example-conformance"))
        .arg("--folder")
        .arg(folder.path())
        .args(["--port", &port.to_string()])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_ready = lines.any(|line| line.unwrap() == "ready");
    assert!(is_ready, "it has ended: {:?}", child.wait());
    child
}

/// The first of four ports on which nobody listens. Below those that systems give to connections, so that nobody gets
/// one before the program does.
fn free_ports() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);

    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let base = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let mut candidates = (0..500).map(|_| base + 4 * TAKEN.fetch_add(1, Ordering::SeqCst));
    let found = candidates.find(|port| (*port..port + 4).all(is_free));
    found.expect("four free ports")
}

/// A client of the suite, which knows what the file says and nothing else.
pub(crate) struct Client {
    http: reqwest::Client,
    id: String,
    scope: String,
    key: SigningKey,
    dpop: Option<TestClient>,
    shows_certificate: bool,
    metadata: BTreeMap<String, Value>,
    pub(crate) resource: String,
}

impl Client {
    /// Of this configuration.
    pub(crate) async fn of(program: &Program, file: &str) -> Self {
        let configuration = program.json(file);
        let text = |pointer: &str| {
            let value = configuration.pointer(pointer).and_then(Value::as_str);
            value.map(ToOwned::to_owned)
        };
        let authority = program.text("ca.pem");
        let mut http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(authority.as_bytes()).unwrap()]);
        let certificate = text("/mtls/cert");
        if let Some(certificate) = &certificate {
            let both = format!("{certificate}{}", text("/mtls/key").unwrap());
            http = http.identity(Identity::from_pem(both.as_bytes()).unwrap());
        }
        let http = http.build().unwrap();
        let discovery = text("/server/discoveryUrl").unwrap();
        let metadata = http.get(discovery).send().await.unwrap();
        let jwk = configuration.pointer("/client/jwks/keys/0").unwrap();
        Self {
            id: text("/client/client_id").unwrap(),
            scope: text("/client/scope").unwrap(),
            key: SigningKey::from_jwk_json(&jwk.to_string()).unwrap(),
            dpop: text("/client/dpop_signing_alg").map(|_| TestClient::new()),
            shows_certificate: certificate.is_some(),
            metadata: metadata.json().await.unwrap(),
            resource: text("/resource/resourceUrl").unwrap(),
            http,
        }
    }

    /// A token of its own.
    pub(crate) async fn token(&self) -> String {
        let endpoint = self.endpoint("token_endpoint");
        let mut form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("scope", self.scope.clone()),
        ];
        if self.id.starts_with("jwt-") {
            let issuer = self.metadata["issuer"].as_str().unwrap();
            form.extend(assertion::authentication(&self.id, &self.key, issuer));
        } else {
            form.push(("client_id", self.id.clone()));
        }
        let mut request = self.http.post(&endpoint).form(&form);
        if let Some(dpop) = &self.dpop {
            request = request.header("DPoP", dpop.proof("POST", &endpoint, now()).build());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", self.id);
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The status of the resource with this token, and with a proof if the client makes some.
    pub(crate) async fn status(&self, token: &str) -> u16 {
        let request = self.http.get(&self.resource);
        status(match &self.dpop {
            Some(dpop) => {
                let proof = dpop.proof("GET", &self.resource, now()).token(token);
                request
                    .header("Authorization", format!("DPoP {token}"))
                    .header("DPoP", proof.build())
            }
            None => request.bearer_auth(token),
        })
        .await
    }

    /// The same for somebody who has the token alone.
    pub(crate) async fn status_for_a_thief(&self, token: &str, program: &Program) -> u16 {
        let authority = program.text("ca.pem");
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(authority.as_bytes()).unwrap()])
            .build()
            .unwrap();
        status(http.get(&self.resource).bearer_auth(token)).await
    }

    fn endpoint(&self, name: &str) -> String {
        let url = if self.shows_certificate {
            &self.metadata["mtls_endpoint_aliases"][name]
        } else {
            &self.metadata[name]
        };
        url.as_str().unwrap().to_owned()
    }
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}
