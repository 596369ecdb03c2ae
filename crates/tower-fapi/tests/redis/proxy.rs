//! Replies that come late.

use std::sync::Arc;

use fapi_core::ReplayOutcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_fapi::RedisReplayStore;

use crate::server::Server;
use crate::store::{insert, outcome, patient, recovery, store};

/// Whether replies pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Shut,
}

// X14: what was asked before a time-out is never the answer to what is asked after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn late_replies_answer_nothing_else() {
    let server = Server::start(&[]);
    let (gate, gated) = watch::channel(Gate::Open);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = patient(&format!("redis://{}", listener.local_addr().unwrap()));
    config.command_timeout_ms = 150;
    tokio::spawn(proxy(listener, server.port(), gated));
    let late = Arc::new(RedisReplayStore::new(&config).unwrap());
    let direct = store(&server.url());
    assert_eq!(outcome(&direct, "old").await, Ok(ReplayOutcome::Fresh));

    for round in 0..5 {
        recovery(&late).await;
        gate.send_replace(Gate::Shut);
        // Half of them are replays, so a shift by one reply would show.
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40 {
            let late = Arc::clone(&late);
            let jti = if number % 2 == 0 {
                "old".to_owned()
            } else {
                format!("{round} {number}")
            };
            tasks.spawn(async move { insert(&late, &jti).await });
        }
        assert!(tasks.join_all().await.iter().all(Result::is_err));
        gate.send_replace(Gate::Open);
        recovery(&late).await;
        for number in 0..40 {
            // On a busy machine one or the other is refused; none is mistaken.
            let replay = outcome(&late, "old").await;
            assert!(
                matches!(replay, Ok(ReplayOutcome::Seen) | Err(_)),
                "{replay:?}"
            );
            let jti = format!("{round} after {number}");
            let fresh = outcome(&late, &jti).await;
            assert!(
                matches!(fresh, Ok(ReplayOutcome::Fresh) | Err(_)),
                "{fresh:?}"
            );
        }
    }
}

async fn proxy(listener: TcpListener, port: u16, gate: watch::Receiver<Gate>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let mut gate = gate.clone();
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
                if gate.wait_for(|gate| *gate == Gate::Open).await.is_err()
                    || to_client.write_all(&buffer[..length]).await.is_err()
                {
                    return;
                }
            }
        });
    }
}
