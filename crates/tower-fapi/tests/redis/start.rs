//! Servers that must not be used, and configurations that make no sense.

use fapi_core::config::{ConfigErrorKind, RedisConfig, RedisSentinel, RedisTls, Secret};
use tower_fapi::{RedisProblem, RedisReplayStore};

use crate::server::{Server, free_port};
use crate::store::{NOW, insert, patient, recovery, store};

// X16, I24
#[tokio::test]
async fn a_server_that_evicts_is_refused_until_it_does_not() {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let server = Server::start(&["--maxmemory-policy", policy]);
        let store = store(&server.url());
        let problem = store.ready(NOW).await.unwrap_err();
        assert_eq!(
            problem,
            RedisProblem::Evicting {
                policy: policy.to_owned()
            }
        );
        assert!(problem.to_string().contains("noeviction"), "{problem}");
        assert!(insert(&store, "a").await.is_err());

        server.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
        recovery(&store).await;
        assert!(insert(&store, "a").await.is_ok());
    }
}

#[tokio::test]
async fn eviction_is_seen_without_the_right_to_read_the_configuration() {
    let server = Server::start(&[
        "--maxmemory-policy",
        "allkeys-lfu",
        "--rename-command",
        "CONFIG",
        "",
    ]);
    assert_eq!(
        store(&server.url()).ready(NOW).await,
        Err(RedisProblem::Evicting {
            policy: "allkeys-lfu".to_owned()
        })
    );
}

#[tokio::test]
async fn a_replica_is_refused() {
    let primary = Server::start(&[]);
    let replica = Server::start(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    assert_eq!(
        store(&replica.url()).ready(NOW).await,
        Err(RedisProblem::Replica)
    );
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let store = store(&format!("redis://127.0.0.1:{}", free_port()));
    let problem = store.ready(NOW).await.unwrap_err();
    assert!(matches!(problem, RedisProblem::Unreachable { .. }));
    assert!(insert(&store, "a").await.is_err());
}

#[test]
fn used_outside_a_runtime_it_says_so() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    let mut ready = Box::pin(store.ready(NOW));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        ready.as_mut().poll(&mut context),
        std::task::Poll::Ready(Err(RedisProblem::NoRuntime))
    );
    let mut insert = Box::pin(insert(&store, "a"));
    assert!(matches!(
        insert.as_mut().poll(&mut context),
        std::task::Poll::Ready(Err(_))
    ));
}

// A runtime that ends takes its tasks with it; the next one starts anew.
#[test]
fn it_survives_its_runtime() {
    let server = Server::start(&[]);
    let store = store(&server.url());
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(recovery(&store));
    }
}

#[test]
fn configurations_that_make_no_sense() {
    let configured = |change: fn(&mut RedisConfig)| {
        let mut config = patient("redis://127.0.0.1");
        change(&mut config);
        RedisReplayStore::new(&config).unwrap_err()
    };

    let error = configured(|config| config.url = None);
    assert_eq!(
        (error.path(), error.kind()),
        ("redis.url", ConfigErrorKind::Missing)
    );
    let error = configured(|config| {
        config.url = None;
        config.urls = Some(vec!["redis://a".to_owned(), "redis://b".to_owned()]);
    });
    assert_eq!(error.path(), "redis.urls");
    let error = configured(|config| config.tls = Some(RedisTls::default()));
    assert_eq!(error.path(), "redis.tls");
    let error = configured(|config| {
        config.password = Some(Secret::File("/nonexistent".to_owned()));
    });
    assert_eq!(error.path(), "redis.password");
    let error = configured(|config| {
        config.cluster = true;
        config.key_prefix = "a{b".to_owned();
    });
    assert_eq!(error.path(), "redis.key_prefix");
    let error = configured(|config| {
        config.cluster = true;
        config.url = Some("redis://127.0.0.1/3".to_owned());
    });
    assert_eq!(error.path(), "redis.urls");
    let error = configured(|config| {
        let mut sentinel = RedisSentinel::new("main");
        sentinel.password = Some(Secret::File("/nonexistent".to_owned()));
        config.sentinel = Some(sentinel);
    });
    assert_eq!(error.path(), "redis.sentinel.password");
}
