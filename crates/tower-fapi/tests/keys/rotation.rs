//! Keys that come and go.

use std::sync::Arc;

use tower_fapi::IssuerConfig;
use tower_fapi::ports::Answer;

use crate::server::{Reply, Server, soon};
use crate::setting::{Event, Setting, jwks};

async fn holding(kid: &'static str) -> (Server, Setting) {
    let server = Server::start(move |_| Reply::json(jwks(&[kid]))).await;
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let mut setting = Setting::new(issuer);
    setting.fetch(None).await.unwrap();
    assert_eq!(setting.event().await, Event::Fetched);
    (server, setting)
}

/// "N05".
#[tokio::test]
async fn a_new_key_costs_one_fetch_and_the_old_one_stops() {
    let (server, setting) = holding("old").await;
    server.now(|_| Reply::json(jwks(&["new"])));
    assert!(setting.knows("old"));
    assert!(setting.fetch(Some("new")).await.unwrap().has_kid("new"));
    assert!(setting.knows("new"));
    assert!(!setting.knows("old"));
    assert_eq!(server.count("/jwks"), 2);
    // It is known now.
    assert!(matches!(setting.ask(Some("new")), Answer::Now(Ok(_))));
    assert_eq!(server.count("/jwks"), 2);
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    let (server, mut setting) = holding("old").await;
    server.now(|_| Reply::json_with("cache-control: max-age=100\r\nage: 20\r\n", jwks(&["new"])));
    setting.clock.advance(239);
    assert!(setting.knows("old"));
    assert_eq!(server.count("/jwks"), 1);
    setting.clock.advance(1);
    // The request that finds it due does not wait, and several cause one fetch.
    assert!(setting.knows("old"));
    assert!(setting.knows("old"));
    assert_eq!(setting.event().await, Event::Fetched);
    assert!(setting.knows("new"));
    assert!(!setting.knows("old"));
    assert_eq!(server.count("/jwks"), 2);
    // 100 seconds less 20: due after four fifths of 80.
    setting.clock.advance(63);
    assert!(setting.knows("new"));
    assert_eq!(server.count("/jwks"), 2);
    setting.clock.advance(1);
    assert!(setting.knows("new"));
    assert_eq!(setting.event().await, Event::Fetched);
    assert_eq!(server.count("/jwks"), 3);
}

/// After a pause nobody knows what the issuer says now.
#[tokio::test]
async fn keys_that_nobody_refreshed_do_not_serve() {
    let (server, setting) = holding("old").await;
    server.now(|_| Reply::json(jwks(&["new"])));
    setting.clock.advance(300);
    assert!(setting.fetch(None).await.unwrap().has_kid("new"));
    assert!(!setting.knows("old"));
}

/// "X07", "N01", "N02", "N04".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_unknown_keys_cost_two_fetches() {
    let (server, mut setting) = holding("good").await;
    let before = server.count("/jwks");
    let shared = Arc::clone(&setting.keys);
    let tasks: Vec<_> = (0..1000)
        .map(|i| {
            let (keys, issuer) = (Arc::clone(&shared), setting.issuer.clone());
            tokio::spawn(async move {
                use tower_fapi::ports::KeySource as _;
                let kid = format!("random-{i}");
                let query = fapi_core::KeysQuery {
                    issuer: &issuer,
                    kid: Some(&kid),
                };
                let keys = match keys.fetch(query) {
                    Answer::Now(answer) => answer,
                    Answer::Later(answer) => answer.await,
                };
                let keys = keys.unwrap();
                assert!(keys.has_kid("good"));
                assert!(!keys.has_kid(&kid));
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
    assert!(server.count("/jwks") - before <= 2);
    assert!(setting.knows("good"));

    // Both are used up at some time; then the set at hand is the answer, at once.
    let mut fetches = 0;
    loop {
        match setting.ask(Some("random")) {
            Answer::Later(answer) => soon(answer).await.map(drop).unwrap(),
            Answer::Now(answer) => {
                assert!(answer.unwrap().has_kid("good"));
                break;
            }
        }
        fetches += 1;
    }
    assert!(fetches <= 2);
    assert_eq!(server.count("/jwks") - before, 2);
    while setting.event().await != Event::CoolingDown {}

    // One in ten seconds.
    setting.clock.advance(10);
    assert!(setting.fetch(Some("random")).await.is_ok());
    assert!(setting.fetch(Some("random")).await.is_ok());
    assert_eq!(server.count("/jwks") - before, 3);
}

/// "X06": the key that stays never wavers, and fetches stay within their limits.
#[tokio::test]
async fn an_issuer_that_changes_its_mind() {
    let (server, setting) = holding("both").await;
    let mut turn = 0;
    server.now(move |_| {
        turn += 1;
        Reply::json(jwks(if turn % 2 == 0 {
            &["both", "old"]
        } else {
            &["both", "new"]
        }))
    });
    for second in 0..60 {
        for kid in ["old", "new"] {
            let keys = setting.fetch(Some(kid)).await.unwrap();
            assert!(keys.has_kid("both"), "second {second}");
        }
        assert!(setting.knows("both"));
        setting.clock.advance(1);
    }
    // The first, a burst of two, and one for each ten seconds.
    assert!(server.count("/jwks") <= 1 + 2 + 6);
}
