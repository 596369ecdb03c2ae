//! A server that answers what it should not.

use std::sync::{Arc, Mutex};

use fapi_core::ReplayOutcome;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::store::{outcome, recovery, store};

// X17, I25
#[tokio::test]
async fn wrong_answers_are_neither_fresh_nor_replays() {
    let answer = Arc::new(Mutex::new("+OK\r\n"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn({
        let answer = Arc::clone(&answer);
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer)));
            }
        }
    });
    let store = store(&url);
    recovery(&store).await;
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));

    for wrong in [
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-MOVED 3999 127.0.0.1:6381\r\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-MISCONF Errors writing to the AOF file\r\n",
        "-ERR unknown command\r\n",
        "-NOREPLICAS Not enough good replicas to write.\r\n",
        ":1\r\n",
        "$2\r\nOK\r\n",
        "*0\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\0\0\0\0",
    ] {
        *answer.lock().unwrap() = wrong;
        assert!(outcome(&store, "a").await.is_err(), "{wrong:?}");
        *answer.lock().unwrap() = "+OK\r\n";
        recovery(&store).await;
        assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));
    }
    *answer.lock().unwrap() = "$-1\r\n";
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Seen));
}

/// Answers `SET … NX` as it is told, and all else as a decent server would.
async fn serve(stream: TcpStream, answer: Arc<Mutex<&'static str>>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    while let Some(words) = command(&mut read).await {
        let reply = match words[0].to_ascii_uppercase().as_str() {
            "SET" if words.iter().any(|word| word == "NX") => {
                let reply: &str = &answer.lock().unwrap();
                reply.to_owned()
            }
            "GET" => bulk("00000000000000ab 5 e0f1"),
            "INFO" => bulk("run_id:e0f1\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n"),
            "CONFIG" => "-ERR unknown command\r\n".to_owned(),
            _ => "+OK\r\n".to_owned(),
        };
        if write.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

async fn command(read: &mut BufReader<tokio::net::tcp::OwnedReadHalf>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for _ in 0..number(read).await? {
        let mut word = vec![0; number(read).await? + 2];
        read.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8(word).ok()?);
    }
    Some(words)
}

async fn number(read: &mut BufReader<tokio::net::tcp::OwnedReadHalf>) -> Option<usize> {
    let mut line = String::new();
    read.read_line(&mut line).await.ok()?;
    line.get(1..)?.trim_end().parse().ok()
}
