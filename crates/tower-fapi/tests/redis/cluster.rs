//! A cluster of three primaries.

use std::process::Command;

use fapi_core::ReplayOutcome;
use fapi_core::config::{RedisConfig, Secret};
use tower_fapi::ports::ReplayStore as _;
use tower_fapi::{RedisProblem, RedisReplayStore};

use crate::server::Server;
use crate::store::{NOW, insert, insert_at, outcome, patient, recovery};

const NODE: [&str; 2] = ["--cluster-enabled", "yes"];

fn cluster() -> Vec<Server> {
    let nodes: Vec<_> = (0..3).map(|_| Server::start(&NODE)).collect();
    let addresses = nodes
        .iter()
        .map(|node| format!("127.0.0.1:{}", node.port()));
    let created = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(addresses)
        .arg("--cluster-yes")
        .output()
        .unwrap();
    assert!(created.status.success(), "{created:?}");
    nodes
}

fn store(nodes: &[Server]) -> RedisReplayStore {
    RedisReplayStore::new(&config(nodes)).unwrap()
}

fn config(nodes: &[Server]) -> RedisConfig {
    let mut config = patient("");
    config.url = None;
    config.urls = Some(nodes.iter().map(Server::url).collect());
    config.cluster = true;
    config
}

#[tokio::test]
async fn a_cluster_is_one_memory_with_one_epoch() {
    let nodes = cluster();
    let (one, two) = (store(&nodes), store(&nodes));
    recovery(&one).await;
    let first = insert(&one, "first").await.unwrap();
    for number in 0..200 {
        let jti = number.to_string();
        let answer = insert(&one, &jti).await.unwrap();
        assert_eq!(
            (answer.outcome, answer.epoch),
            (ReplayOutcome::Fresh, first.epoch)
        );
        let answer = insert(&two, &jti).await.unwrap();
        assert_eq!(
            (answer.outcome, answer.epoch),
            (ReplayOutcome::Seen, first.epoch)
        );
    }
    assert!(
        nodes
            .iter()
            .all(|node| node.cli(&["DBSIZE"]).parse::<u32>().unwrap() > 40),
        "the keys are spread"
    );
    assert_eq!(two.epoch(), Some(first.epoch));

    // One node loses its memory: the epoch of all changes, once.
    nodes[1].cli(&["FLUSHALL"]);
    let mut epochs = Vec::new();
    for number in 0..200 {
        let answer = insert_at(&one, &number.to_string(), NOW.plus(60))
            .await
            .unwrap();
        if answer.outcome == ReplayOutcome::Fresh {
            assert_ne!(answer.epoch.id(), first.epoch.id());
            assert_eq!(answer.epoch.since(), NOW.plus(71));
        }
        epochs.push(answer.epoch.id());
    }
    epochs.dedup();
    assert!(epochs.len() <= 2, "{epochs:?}");
    assert_ne!(epochs.last(), Some(&first.epoch.id()));
}

#[tokio::test]
async fn a_node_of_a_cluster_that_evicts_is_refused() {
    let nodes = cluster();
    nodes[2].cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    assert!(matches!(
        store(&nodes).ready(NOW).await,
        Err(RedisProblem::Evicting { .. })
    ));
    nodes[2].cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    let store = store(&nodes);
    recovery(&store).await;
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));
}

#[tokio::test]
async fn a_user_of_a_cluster_needs_the_documented_rights() {
    let nodes = cluster();
    for node in &nodes {
        let user = [
            "ACL", "SETUSER", "us", "on", ">secret", "~fapi:*", "+set", "+get", "+info",
        ];
        let more = ["+config|get", "+cluster|slots", "+ping"];
        assert_eq!(node.cli(&[&user[..], &more].concat()), "OK");
    }
    let mut config = config(&nodes);
    config.username = Some("us".to_owned());
    config.password = Some(Secret::Inline("secret".to_owned()));
    let store = RedisReplayStore::new(&config).unwrap();
    recovery(&store).await;
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));
}

// X14 in a cluster: one node's trouble is not that of the others.
#[tokio::test]
async fn a_hanging_node_takes_only_its_own_keys_along() {
    let nodes = cluster();
    let mut config = config(&nodes);
    config.command_timeout_ms = 300;
    let store = RedisReplayStore::new(&config).unwrap();
    recovery(&store).await;

    nodes[1].signal("-STOP");
    let mut answered = 0;
    let mut refused = 0;
    for number in 0..30 {
        match outcome(&store, &number.to_string()).await {
            Ok(ReplayOutcome::Fresh) => answered += 1,
            Err(_) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    println!("{answered} answered, {refused} refused");
    assert!(
        answered >= 5 && refused >= 1,
        "{answered} answered, {refused} refused"
    );

    nodes[1].signal("-CONT");
    recovery(&store).await;
    for number in 0..100 {
        let jti = format!("after {number}");
        assert_eq!(outcome(&store, &jti).await, Ok(ReplayOutcome::Fresh));
        assert_eq!(outcome(&store, &jti).await, Ok(ReplayOutcome::Seen));
    }
}
