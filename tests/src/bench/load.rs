//! Requests, made before they are needed, and sent as fast as they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Each has one request under way at a time.
const CONNECTIONS: usize = 32;

/// How long a measurement may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// Sends these requests over kept connections, and says how long that took.
///
/// # Panics
/// An answer is not 200, or does not come.
pub fn send(address: SocketAddr, requests: &[Arc<[u8]>]) -> Duration {
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
    let mut answer = Vec::with_capacity(4096);
    for request in requests {
        connection.write_all(&request).await.expect("a connection");
        answer.clear();
        while !is_complete(&answer) {
            let read = connection.read_buf(&mut answer).await;
            assert!(
                read.expect("an answer") > 0
                    && (answer.len() < 13 || answer.starts_with(b"HTTP/1.1 200 ")),
                "not what was expected: {}",
                String::from_utf8_lossy(&answer)
            );
        }
    }
}

/// Whether the head is there, and the body that it announces.
fn is_complete(answer: &[u8]) -> bool {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return false;
    };
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let lines = head.split(|byte| *byte == b'\n');
    let mut lengths = lines.filter_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().expect("a length"))
    });
    body.len() >= lengths.next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_body() {
        let head = "HTTP/1.1 200 OK\r\ndate: x\r\nContent-Length: 2\r\n\r\n";
        assert!(!is_complete(&head.as_bytes()[..20]));
        assert!(!is_complete(head.as_bytes()));
        assert!(!is_complete(format!("{head}o").as_bytes()));
        assert!(is_complete(format!("{head}ok").as_bytes()));
        assert!(is_complete(b"HTTP/1.1 200 OK\r\n\r\n"));
    }
}
