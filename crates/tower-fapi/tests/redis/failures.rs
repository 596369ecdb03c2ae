//! Servers that go away, hang, and come back with less than they had.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fapi_core::ReplayOutcome;
use tokio::sync::watch;
use tower_fapi::RedisReplayStore;
use tower_fapi::ports::ReplayStore as _;

use crate::server::Server;
use crate::store::{NOW, insert, insert_at, outcome, patient, recovery, recovery_at, store};

// X13, I21
#[tokio::test]
async fn a_killed_server_accepts_nothing_and_comes_back_with_another_epoch() {
    let mut server = Server::start(&[]);
    let store = store(&server.url());
    for round in 0..5 {
        let then = NOW.plus(round * 100);
        let before = insert_at(&store, "a", then).await.unwrap();
        assert_eq!(before.outcome, ReplayOutcome::Fresh);
        server.kill();
        for _ in 0..20 {
            assert!(insert_at(&store, "a", then).await.is_err());
        }
        server.restart();
        let took = recovery_at(&store, then.plus(3)).await;
        println!("recovered after {took:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");

        // The server has forgotten the proof, and its epoch says so.
        let after = insert_at(&store, "a", then.plus(3)).await.unwrap();
        assert_eq!(after.outcome, ReplayOutcome::Fresh);
        assert_ne!(after.epoch.id(), before.epoch.id());
        assert_eq!(after.epoch.since(), then.plus(14));
        server.cli(&["FLUSHALL"]);
    }
}

// X13 under load: the rule of the core is that a fresh proof counts if it is not older than the epoch.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_proof_counts_twice_while_the_server_dies_and_comes_back_empty() {
    let mut server = Server::start(&[]);
    let store = Arc::new(store(&server.url()));
    let mut accepted_in_all = 0;
    for cycle in 0..20 {
        let now = NOW.plus(cycle * 100);
        recovery_at(&store, now.plus(-50)).await;
        let accepted = Arc::new(Mutex::new(BTreeMap::<u32, u32>::new()));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (store, accepted) = (Arc::clone(&store), Arc::clone(&accepted));
            let stopped = stopped.clone();
            tasks.spawn(async move {
                let mut number = 0;
                while !*stopped.borrow() {
                    // Each proof again and again, all made in this very second.
                    number = (number + 1) % 200;
                    let answer = insert_at(&store, &format!("{cycle} {number}"), now).await;
                    if answer.is_ok_and(|answer| {
                        answer.outcome == ReplayOutcome::Fresh && now >= answer.epoch.since()
                    }) {
                        *accepted.lock().unwrap().entry(number).or_default() += 1;
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
        while accepted.lock().unwrap().len() < 50 {
            tokio::task::yield_now().await;
        }
        server.kill();
        server.restart();
        recovery_at(&store, now).await;
        for number in 0..200 {
            let jti = format!("{cycle} {number}");
            while insert_at(&store, &jti, now).await.is_err() {}
        }
        stop.send_replace(true);
        tasks.join_all().await;
        let accepted = accepted.lock().unwrap();
        assert!(accepted.values().all(|&times| times == 1), "{accepted:?}");
        accepted_in_all += accepted.len();
    }
    println!("{accepted_in_all} proofs accepted, none twice");
}

#[tokio::test]
async fn an_emptied_server_has_another_epoch_at_once() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    let before = insert(&store, "a").await.unwrap();
    server.cli(&["FLUSHALL"]);
    let after = insert_at(&store, "a", NOW.plus(60)).await.unwrap();
    assert_ne!(after.epoch.id(), before.epoch.id());
    assert_eq!(after.epoch.since(), NOW.plus(71));
}

// A process that has nothing to insert learns of the new epoch too, or it would go on refusing its nonces.
#[tokio::test]
async fn an_idle_process_notices_a_new_epoch() {
    let server = Server::start(&[]);
    let (busy, idle) = (store(&server.url()), store(&server.url()));
    insert(&busy, "a").await.unwrap();
    let before = insert(&idle, "b").await.unwrap();
    server.cli(&["FLUSHALL"]);
    let after = insert(&busy, "c").await.unwrap();
    assert_ne!(after.epoch, before.epoch);

    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let begun = Instant::now();
    while idle.epoch() != Some(after.epoch) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tick.tick().await;
    }
}

// A snapshot that holds the epoch but not the latest proofs must not pass for the memory that it was.
#[tokio::test]
async fn a_server_that_comes_back_with_an_old_snapshot_has_another_epoch() {
    let mut server = Server::start(&[]);
    let store = store(&server.url());
    let before = insert(&store, "in the snapshot").await.unwrap();
    assert_eq!(server.cli(&["SAVE"]), "OK");
    insert(&store, "after it").await.unwrap();
    server.kill();
    assert!(insert(&store, "while it is down").await.is_err());
    server.restart();
    recovery_at(&store, NOW.plus(60)).await;

    assert!(server.directory().join("dump.rdb").exists());
    let kept = insert_at(&store, "in the snapshot", NOW.plus(60))
        .await
        .unwrap();
    assert_eq!(kept.outcome, ReplayOutcome::Seen);
    assert_ne!(kept.epoch.id(), before.epoch.id());
    let lost = insert_at(&store, "after it", NOW.plus(60)).await.unwrap();
    assert_eq!(lost.outcome, ReplayOutcome::Fresh);
    assert_eq!(lost.epoch, kept.epoch);
    assert_eq!(lost.epoch.since(), NOW.plus(71));
}

// X14, I22
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hanging_server_is_given_up_in_time_and_mixes_nothing_up() {
    const ALLOWED: Duration = Duration::from_millis(100);

    let server = Server::start(&[]);
    let mut config = patient(&server.url());
    config.command_timeout_ms = 100;
    let store = Arc::new(RedisReplayStore::new(&config).unwrap());
    recovery(&store).await;
    while insert(&store, "before").await.is_err() {}

    server.signal("-STOP");
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    let mut round = 0;
    while begun.elapsed() < Duration::from_secs(2) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..50 {
            let store = Arc::clone(&store);
            let jti = format!("{round} {number}");
            tasks.spawn(async move {
                let asked = Instant::now();
                assert!(insert(&store, &jti).await.is_err());
                asked.elapsed()
            });
        }
        longest = tasks
            .join_all()
            .await
            .into_iter()
            .fold(longest, Duration::max);
        round += 1;
        tokio::task::yield_now().await;
    }
    println!("{round} rounds of 50, the longest wait was {longest:?}");
    // Some multiple of the allowed time is a busy machine; a hang would be the two seconds.
    assert!(longest < ALLOWED * 10, "{longest:?}");

    server.signal("-CONT");
    let took = recovery(&store).await;
    println!("recovered after {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");

    let patient = crate::store::store(&server.url());
    assert_eq!(outcome(&patient, "before").await, Ok(ReplayOutcome::Seen));
    for number in 0..100 {
        let jti = format!("after {number}");
        assert_eq!(outcome(&patient, &jti).await, Ok(ReplayOutcome::Fresh));
        assert_ne!(outcome(&store, &jti).await, Ok(ReplayOutcome::Fresh));
    }
}

// No queue: whoever finds it full is refused without waiting.
#[tokio::test]
async fn more_requests_than_places_are_refused_at_once() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    let waiting: Vec<_> = (0..1024)
        .map(|number| Box::pin(async_insert(&store, number)))
        .collect();
    let mut polled = Vec::new();
    for mut future in waiting {
        let waker = std::task::Waker::noop();
        assert!(
            future
                .as_mut()
                .poll(&mut std::task::Context::from_waker(waker))
                .is_pending()
        );
        polled.push(future);
    }
    assert!(insert(&store, "one too many").await.is_err());
    drop(polled);
    assert_eq!(
        outcome(&store, "room again").await,
        Ok(ReplayOutcome::Fresh)
    );
}

async fn async_insert(store: &RedisReplayStore, number: u32) {
    let _ = insert(store, &number.to_string()).await;
}
