//! A proof is used once, whichever workers it goes to.

use std::net::SocketAddr;

use fapi_tests::wire::WireRequest;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;

use crate::cast::*;

const ROUNDS: usize = 100;
const CONNECTIONS: usize = 4;
const USES: usize = 64;

type Connection = SendRequest<Empty<Bytes>>;

#[test]
fn of_64_uses_of_one_proof_over_both_workers_one_is_accepted() {
    let cast = Cast::new();
    let envoy = cast.envoy(&cast.config());
    let address = envoy.listener("api");
    let rounds: Vec<WireRequest> = (0..ROUNDS).map(|_| cast.good()).collect();
    let mut winners = [0; CONNECTIONS];
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            // One after the other, so that the workers get as many each.
            let mut connection = connect(address).await;
            let unprotected = use_it(&mut connection, &cast.good().without("DPoP")).await;
            assert_eq!(unprotected, 401);
            connections.push(connection);
        }
        assert_eq!(connections_of_workers(&envoy), [2, 2]);
        for (round, request) in rounds.iter().enumerate() {
            let mut uses = JoinSet::new();
            for (place, connection) in connections.iter().enumerate() {
                for _ in 0..USES / CONNECTIONS {
                    let (mut connection, request) = (connection.clone(), request.clone());
                    uses.spawn(async move { (place, use_it(&mut connection, &request).await) });
                }
            }
            let answers = uses.join_all().await;
            let accepted = answers.iter().filter(|(_, status)| *status == 200);
            let accepted: Vec<usize> = accepted.map(|(place, _)| *place).collect();
            assert_eq!(accepted.len(), 1, "round {round}: {answers:?}");
            let refused = answers.iter().filter(|(_, status)| *status == 401);
            assert_eq!(refused.count(), USES - 1, "round {round}: {answers:?}");
            winners[accepted[0]] += 1;
        }
    });
    assert_eq!(cast.upstream.take().len(), ROUNDS, "{winners:?}");
    let stats = envoy.filter_stats();
    assert_eq!(
        stats.get("wasmcustom.fapi.refused.proof_replayed"),
        (ROUNDS * (USES - 1)) as u64
    );
}

async fn connect(address: SocketAddr) -> Connection {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

async fn use_it(connection: &mut Connection, request: &WireRequest) -> u16 {
    let mut builder = hyper::Request::get(format!("{API}/accounts"));
    for name in ["Authorization", "DPoP"] {
        for value in request.lines(name) {
            builder = builder.header(name, value);
        }
    }
    connection.ready().await.unwrap();
    let answer = connection.send_request(builder.body(Empty::new()).unwrap());
    answer.await.unwrap().status().as_u16()
}
