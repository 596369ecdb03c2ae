//! Requests, made before they are needed, and sent as fast as they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fapi_core::jose::Algorithm;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tower_fapi::testing::{TestClient, TestIssuer, now};

use super::RESOURCE;
use super::row::Traffic;
use crate::wire::WireRequest;

/// Each has one request under way at a time.
const CONNECTIONS: usize = 32;

/// How long a measurement may take.
const PATIENCE: Duration = Duration::from_secs(240);

const TARGET: &str = "/accounts";

/// The requests of one round, as they go over the wire.
pub(super) struct Batches {
    one_token: Vec<Arc<[u8]>>,
    new_tokens: Vec<Arc<[u8]>>,
    ed25519_proofs: Vec<Arc<[u8]>>,
}

impl Batches {
    /// Signs all proofs and tokens.
    pub(super) fn sign(issuer: &TestIssuer, requests: usize) -> Self {
        let (es256, ed25519) = (
            TestClient::new(),
            TestClient::with_algorithm(Algorithm::EdDsa),
        );
        let token = |client: &TestClient| issuer.token(client.thumbprint(), now()).build();
        let (for_es256, for_ed25519) = (token(&es256), token(&ed25519));
        let batch = |make: &dyn Fn() -> Arc<[u8]>| (0..requests).map(|_| make()).collect();
        Self {
            one_token: batch(&|| request(&es256, &for_es256)),
            new_tokens: batch(&|| request(&es256, &token(&es256))),
            ed25519_proofs: batch(&|| request(&ed25519, &for_ed25519)),
        }
    }

    pub(super) fn of(&self, traffic: Traffic) -> &[Arc<[u8]>] {
        match traffic {
            Traffic::OneToken => &self.one_token,
            Traffic::NewTokens => &self.new_tokens,
            Traffic::Ed25519Proofs => &self.ed25519_proofs,
        }
    }
}

fn request(client: &TestClient, token: &str) -> Arc<[u8]> {
    let proof = client.proof("GET", &format!("{RESOURCE}{TARGET}"), now());
    WireRequest::new("GET", TARGET)
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof.token(token).build())
        .to_bytes()
        .into()
}

/// Sends these requests over kept connections, and says how long that took.
///
/// # Panics
/// An answer is not 200, or does not come.
pub(super) fn send(address: SocketAddr, requests: &[Arc<[u8]>]) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // The timer belongs to the runtime.
    let elapsed = runtime
        .block_on(async { tokio::time::timeout(PATIENCE, send_all(address, requests)).await });
    elapsed.unwrap_or_else(|_| panic!("not answered within {PATIENCE:?}"))
}

async fn send_all(address: SocketAddr, requests: &[Arc<[u8]>]) -> Duration {
    let mut connections = Vec::new();
    for place in 0..CONNECTIONS {
        let connection = TcpStream::connect(address).await.expect("a connection");
        connection.set_nodelay(true).expect("a socket");
        let own = requests.iter().skip(place).step_by(CONNECTIONS);
        connections.push((connection, own.cloned().collect::<Vec<_>>()));
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for (connection, own) in connections {
        tasks.spawn(send_one_by_one(connection, own));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("every answer is 200");
    }
    begin.elapsed()
}

async fn send_one_by_one(mut connection: TcpStream, requests: Vec<Arc<[u8]>>) {
    let mut answer = [0; 4096];
    for request in requests {
        connection.write_all(&request).await.expect("a connection");
        let mut length = 0;
        // The right answer has no body.
        while !answer[..length].ends_with(b"\r\n\r\n") {
            let read = connection.read(&mut answer[length..]).await;
            let read = read.expect("an answer");
            length += read;
            assert!(
                read > 0 && (length < 13 || answer.starts_with(b"HTTP/1.1 200 ")),
                "not what was expected: {}",
                String::from_utf8_lossy(&answer[..length])
            );
        }
    }
}
