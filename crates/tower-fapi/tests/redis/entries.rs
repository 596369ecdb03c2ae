//! What is written, and what is answered.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::ReplayOutcome;
use tower_fapi::ports::ReplayStore as _;

use crate::server::Server;
use crate::store::{NOW, insert, insert_at, key, outcome, store};

#[tokio::test]
async fn a_proof_is_fresh_once() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    assert_eq!(store.epoch(), None, "nothing is known before first use");

    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Seen));
    assert_eq!(outcome(&store, "b").await, Ok(ReplayOutcome::Fresh));
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Seen));
}

// I06
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_fresh() {
    let server = Server::start(&[]);
    let stores: Vec<_> = (0..5).map(|_| Arc::new(store(&server.url()))).collect();
    for round in 0..5 {
        let jti = format!("round {round}");
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..256 {
            let store = Arc::clone(&stores[number % stores.len()]);
            let jti = jti.clone();
            tasks.spawn(async move { insert(&store, &jti).await.unwrap() });
        }
        let answers = tasks.join_all().await;
        let fresh = answers
            .iter()
            .filter(|answer| answer.outcome == ReplayOutcome::Fresh)
            .count();
        let seen = answers
            .iter()
            .filter(|answer| answer.outcome == ReplayOutcome::Seen)
            .count();
        assert_eq!((fresh, seen), (1, 255));
        // All processes agree on the epoch, or nonces of one would be refused by the next.
        assert!(
            answers
                .iter()
                .all(|answer| answer.epoch == answers[0].epoch)
        );
    }
}

// I26: Redis is told a span, so it does not matter what time it is there.
#[tokio::test]
async fn entries_live_as_long_as_asked() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    insert(&store, "a").await.unwrap();
    let name = format!("fapi:1:{}", URL_SAFE_NO_PAD.encode(key("a").as_bytes()));
    let left: u32 = server.cli(&["PTTL", &name]).parse().unwrap();
    assert!((290_000..=300_000).contains(&left), "{left} ms");
    assert_eq!(server.cli(&["TTL", "fapi:1:epoch"]), "-1");
}

#[tokio::test]
async fn an_entry_is_small() {
    let server = Server::start(&[]);
    let store = Arc::new(store(&server.url()));
    insert(&store, "a").await.unwrap();
    let name = format!("fapi:1:{}", URL_SAFE_NO_PAD.encode(key("a").as_bytes()));
    let entry: u32 = server.cli(&["MEMORY", "USAGE", &name]).parse().unwrap();

    let used = || -> u64 {
        let info = server.cli(&["INFO", "memory"]);
        let line = info.lines().find(|line| line.starts_with("used_memory:"));
        line.unwrap()[12..].trim().parse().unwrap()
    };
    let before = used();
    for hundred in 0..200 {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100 {
            let store = Arc::clone(&store);
            tasks.spawn(async move { insert(&store, &format!("{hundred} {number}")).await });
        }
        assert!(tasks.join_all().await.iter().all(Result::is_ok));
    }
    let each = (used() - before) / 20_000;
    println!("MEMORY USAGE: {entry} bytes; used_memory grows by {each} bytes an entry");
    assert!(entry <= 96 && each <= 160, "{entry} and {each} bytes");
}

#[tokio::test]
async fn a_new_epoch_begins_after_everything_that_could_have_been_accepted() {
    let server = Server::start(&[]);
    let (one, two) = (store(&server.url()), store(&server.url()));
    let first = insert(&one, "a").await.unwrap();
    assert_eq!(first.epoch.since(), NOW.plus(11));
    assert_eq!(one.epoch(), Some(first.epoch));

    let later = insert_at(&two, "b", NOW.plus(100)).await.unwrap();
    assert_eq!(later.epoch, first.epoch);
}

// I25: all that is not an answer to the question is neither fresh nor a replay.
#[tokio::test]
async fn a_full_server_says_so() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    insert(&store, "a").await.unwrap();
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(outcome(&store, "b").await, Ok(ReplayOutcome::Full));
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(outcome(&store, "b").await, Ok(ReplayOutcome::Fresh));
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Seen));
}

#[tokio::test]
async fn somebody_elses_data_under_our_keys_is_no_answer() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    server.cli(&["LPUSH", "fapi:1:epoch", "x"]);
    assert!(insert(&store, "a").await.is_err());
    server.cli(&["SET", "fapi:1:epoch", "x"]);
    assert_eq!(outcome(&store, "b").await, Ok(ReplayOutcome::Fresh));
}
