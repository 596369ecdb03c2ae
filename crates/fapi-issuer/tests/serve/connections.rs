//! Connections: how they begin, and how they end.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fapi_issuer::{BindError, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::certificates::{Authority, Identity, client};
use crate::scene::{Scene, config, directory, write_server};

#[tokio::test]
async fn everybody_is_served_on_both_sockets() {
    let scene = Scene::start(json!([])).await;
    let stranger = Identity::self_signed(&client("stranger"));
    for identity in [None, Some(&stranger)] {
        for url in [scene.open("health"), scene.mtls("health")] {
            let response = scene.http(identity).get(url).send().await.unwrap();
            assert_eq!(response.status(), 200);
            assert!(response.headers().contains_key("date"));
            assert_eq!(response.version(), reqwest::Version::HTTP_2);
        }
    }
    scene.stop().await;
}

#[tokio::test]
async fn handshakes_that_never_end_hold_up_nobody() {
    let scene = Scene::start(json!([])).await;
    let mut silent = Vec::new();
    for address in [scene.addresses.listen, scene.addresses.mtls.unwrap()] {
        for begun in [&b""[..], b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun).await.unwrap();
            silent.push(stream);
        }
    }
    for url in [scene.open("health"), scene.mtls("health")] {
        let response = scene.http(None).get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
    // Nor do they hold up the end.
    tokio::time::timeout(Duration::from_secs(5), scene.stop())
        .await
        .unwrap();
    drop(silent);
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    let directory = directory();
    let mut plain = config(&directory, json!([]));
    (plain.tls, plain.mtls) = (None, None);
    let server = Server::bind(&plain).await.unwrap();
    let address = server.addresses().unwrap().listen;
    let (arrived, has_arrived) = oneshot::channel();
    let (go, may_go) = oneshot::channel();
    let once = std::sync::Arc::new(std::sync::Mutex::new(Some((arrived, may_go))));
    let slow = get(move || async move {
        let (arrived, may_go): (oneshot::Sender<()>, oneshot::Receiver<()>) =
            once.lock().unwrap().take().unwrap();
        arrived.send(()).unwrap();
        may_go.await.unwrap();
        "done"
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(Router::new().route("/", slow), async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    has_arrived.await.unwrap();
    stop.send(()).unwrap();
    // The socket is closed while the request goes on.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    serving.await.unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_new_certificate_counts_once_it_is_read() {
    let scene = Scene::start(json!([])).await;
    let url = scene.open("health");
    let before = scene.http(None);
    // From another authority, which the client does not trust.
    write_server(&scene.directory, &Authority::new("Another"));
    assert!(scene.http(None).get(&url).send().await.is_ok());
    scene.certificate.reload().unwrap();
    assert!(scene.http(None).get(&url).send().await.is_err());
    // What is wrong changes nothing.
    std::fs::write(scene.directory.join("server.key"), "no key").unwrap();
    let error = scene.certificate.reload().unwrap_err();
    assert_eq!(error.path(), "tls.key");
    write_server(&scene.directory, &scene.authority);
    scene.certificate.reload().unwrap();
    assert!(before.get(&url).send().await.is_ok());
}

#[tokio::test]
async fn wrong_files_are_named() {
    let directory = directory();
    let authority = Authority::new("Test authority");
    std::fs::write(directory.join("ca.pem"), authority.pem()).unwrap();
    write_server(&directory, &authority);
    let other = authority.certify(&client("other"));
    for (file, text, path) in [
        ("server.pem", String::new(), "tls.certificate"),
        ("server.key", other.key_pem(), "tls.key"),
        ("server.key", other.pem(), "tls.key"),
    ] {
        write_server(&directory, &authority);
        std::fs::write(directory.join(file), text).unwrap();
        let error = Server::bind(&config(&directory, Value::Array(Vec::new()))).await;
        match error.unwrap_err() {
            BindError::Config(error) => assert_eq!(error.path(), path),
            error => panic!("{error}"),
        }
    }
    std::fs::remove_dir_all(directory).unwrap();
}
