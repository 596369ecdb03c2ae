//! The issuer's sockets, with requests that take their time and clients that misbehave.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failure here is a failed test"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use fapi_issuer::{Config, Server};
use fapi_tests::directory::Directory;
use fapi_tests::suite::{Authority, Identity};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

const HOST: &str = "as.example.com";

struct Files {
    directory: Directory,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            directory: Directory::new(),
            authority: Authority::new(),
        };
        files.write(&files.authority.server(&[HOST]));
        files
    }

    fn write(&self, identity: &Identity) {
        self.directory.write("server.pem", &identity.pem());
        self.directory.write("server.key", &identity.key_pem());
    }

    fn config(&self) -> Config {
        let path = |name| self.directory.path().join(name);
        config(json!({ "certificate": path("server.pem"), "key": path("server.key") }))
    }
}

fn config(tls: Value) -> Config {
    let mut document = json!({ "issuer": "https://as.example.com", "listen": "127.0.0.1:0" });
    if !tls.is_null() {
        document["tls"] = tls;
    }
    Config::from_json(&document.to_string()).unwrap()
}

/// A client that trusts this authority, and finds the host at this address.
fn client(authority: &Authority, address: SocketAddr) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(authority.client_config(None))
        .resolve(HOST, address)
        .build()
        .unwrap()
}

async fn status(client: &reqwest::Client) -> Option<u16> {
    let answer = client.get(format!("https://{HOST}/")).send().await;
    Some(answer.ok()?.status().as_u16())
}

fn router() -> Router {
    Router::new().route("/", get("hello"))
}

#[tokio::test]
async fn handshakes_that_never_end_hold_up_nobody() {
    let files = Files::new();
    let server = Server::bind(&files.config()).await.unwrap();
    let address = server.addresses().unwrap().listen;
    tokio::spawn(server.serve(router(), std::future::pending()));
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(status(&client(&files.authority, address)).await, Some(200));
}

#[tokio::test]
async fn a_request_that_has_begun_is_finished_and_no_other_begins() {
    let files = Files::new();
    let server = Server::bind(&files.config()).await.unwrap();
    let address = server.addresses().unwrap().listen;
    let (begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begun_here, may_end_here) = (Arc::clone(&begun), Arc::clone(&may_end));
    let slow = async move || {
        begun_here.notify_one();
        may_end_here.notified().await;
        "done"
    };
    let router = Router::new().route("/", get(slow));
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let served = tokio::spawn(server.serve(router, stopped));
    let http = client(&files.authority, address);
    let answer = tokio::spawn(async move { status(&http).await });
    begun.notified().await;
    stop.send(()).unwrap();
    // The socket is closed as soon as the server has been told.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!served.is_finished());
    may_end.notify_one();
    assert_eq!(answer.await.unwrap(), Some(200));
    served.await.unwrap();
}

#[tokio::test]
async fn certificates_are_exchanged_while_it_runs() {
    let files = Files::new();
    let server = Server::bind(&files.config()).await.unwrap();
    let address = server.addresses().unwrap().listen;
    let reload = server.certificate_reload();
    tokio::spawn(server.serve(router(), std::future::pending()));
    let newer = Authority::new();
    assert_eq!(status(&client(&newer, address)).await, None);

    files.write(&newer.server(&[HOST]));
    reload.reload().unwrap();
    assert_eq!(status(&client(&newer, address)).await, Some(200));
    assert_eq!(status(&client(&files.authority, address)).await, None);

    // Wrong files change nothing.
    files.directory.write("server.key", "no key");
    let problem = reload.reload().unwrap_err();
    assert_eq!(problem.path(), "tls.key");
    assert_eq!(status(&client(&newer, address)).await, Some(200));
}

#[tokio::test]
async fn without_a_certificate_it_speaks_plain_http() {
    let server = Server::bind(&config(Value::Null)).await.unwrap();
    let address = server.addresses().unwrap().listen;
    tokio::spawn(server.serve(router(), std::future::pending()));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://{address}/")).send().await.unwrap();
    assert!(answer.headers().contains_key("date"));
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn wrong_files_are_mistakes_of_the_configuration() {
    let files = Files::new();
    files.directory.write("server.pem", "no certificate");
    let problem = Server::bind(&files.config()).await.unwrap_err();
    assert!(problem.to_string().contains("tls.certificate"), "{problem}");
}
