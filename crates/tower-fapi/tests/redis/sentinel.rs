//! A primary that Sentinel finds, and its replica after it.

use fapi_core::ReplayOutcome;
use fapi_core::config::RedisSentinel;
use tower_fapi::RedisReplayStore;

use crate::server::{Server, free_port};
use crate::store::{NOW, insert, insert_at, patient, recovery_at};

// X15, as far as one sentinel goes: it is told to fail over.
#[tokio::test]
async fn the_store_follows_the_primary_and_gets_another_epoch() {
    let primary = Server::start(&[]);
    let port = primary.port().to_string();
    let replica = Server::start(&["--replicaof", "127.0.0.1", &port]);
    let sentinel_port = free_port();
    let configuration =
        std::env::temp_dir().join(format!("tower-fapi-sentinel-{}.conf", std::process::id()));
    std::fs::write(
        &configuration,
        format!("port {sentinel_port}\nsentinel monitor main 127.0.0.1 {port} 1\nsentinel failover-timeout main 3000\n"),
    )
    .unwrap();
    let sentinel = Server::sentinel(sentinel_port, &configuration);

    let mut config = patient("");
    config.url = None;
    config.urls = Some(vec![sentinel.url()]);
    config.sentinel = Some(RedisSentinel::new("main"));
    let store = RedisReplayStore::new(&config).unwrap();
    let before = insert(&store, "a").await.unwrap();
    assert_eq!(before.outcome, ReplayOutcome::Fresh);
    assert_eq!(primary.cli(&["WAIT", "1", "10000"]), "1");

    let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
    // Sentinel has to find the replica first.
    while sentinel.cli(&["SENTINEL", "FAILOVER", "main"]) != "OK" {
        tick.tick().await;
    }
    while !replica
        .cli(&["INFO", "replication"])
        .contains("role:master")
    {
        tick.tick().await;
    }
    while sentinel
        .cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"])
        .contains(&port)
    {
        tick.tick().await;
    }
    drop(primary);
    let _ = insert_at(&store, "notices", NOW.plus(60)).await;
    recovery_at(&store, NOW.plus(60)).await;

    // The replica had the entry and the epoch; but for all it knows it lacks others.
    let after = insert_at(&store, "a", NOW.plus(60)).await.unwrap();
    assert_eq!(after.outcome, ReplayOutcome::Seen);
    assert_ne!(after.epoch.id(), before.epoch.id());
    assert_eq!(after.epoch.since(), NOW.plus(71));
    std::fs::remove_file(&configuration).unwrap();
}
