//! Issuers that do not answer ("N09", "X01", "X02", "X03").

use std::sync::Arc;

use fapi_core::Unavailable;
use tower_fapi::IssuerConfig;
use tower_fapi::keys::FetchProblem;
use tower_fapi::ports::{Answer, PortFuture};

use crate::server::{Reply, Server, soon};
use crate::setting::{Event, Setting, jwks};

type Keys = Result<Arc<fapi_core::KeySet>, Unavailable>;

fn issuer(server: &Server) -> IssuerConfig {
    IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"))
}

fn later(answer: Answer<Keys>) -> PortFuture<Keys> {
    match answer {
        Answer::Later(answer) => answer,
        Answer::Now(answer) => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn a_dead_issuer_is_left_alone_until_the_back_off_is_over() {
    let server = Server::start(|_| Reply::Bytes(Vec::new())).await;
    let mut setting = Setting::new(issuer(&server));
    assert!(setting.fetch(None).await.is_err());
    assert!(matches!(
        setting.failure().await.problem,
        FetchProblem::Transport(_)
    ));
    let asked = server.count("/jwks");
    for _ in 0..1000 {
        // At once, so nobody piles up.
        let Answer::Now(Err(unavailable)) = setting.ask(None) else {
            panic!("the back-off should hold");
        };
        assert_eq!(unavailable.retry_after(), 2);
        assert!(!setting.keys.is_ready());
        assert!(setting.known().is_none());
    }
    assert_eq!(server.count("/jwks"), asked);

    // Recovery needs no restart: the first request after the back-off.
    server.now(|_| Reply::json(jwks(&["k1"])));
    setting.clock.advance(1);
    assert!(setting.fetch(None).await.unwrap().has_kid("k1"));
    assert!(setting.keys.is_ready());
}

#[tokio::test]
async fn nobody_listens() {
    let server = Server::start(|_| Reply::Silence).await;
    let nowhere = issuer(&server);
    drop(server);
    let mut setting = Setting::new(nowhere);
    assert!(setting.fetch(None).await.is_err());
    assert!(matches!(
        setting.failure().await.problem,
        FetchProblem::Transport(_)
    ));
}

/// "X03": one byte after the other is not an answer in time, and everybody waits for one connection.
#[tokio::test]
async fn a_slow_issuer_costs_one_connection() {
    for slow in [
        Reply::Drip(Reply::open_json()),
        Reply::Drip(b"HTTP/1.1 200 OK\r\nx:".to_vec()),
        Reply::Silence,
    ] {
        let server = Server::start(move |_| slow.clone()).await;
        let mut setting = Setting::hurried(issuer(&server));
        let waiting: Vec<_> = (0..100).map(|_| later(setting.ask(None))).collect();
        for answer in waiting {
            assert_eq!(soon(answer).await.unwrap_err().retry_after(), 2);
        }
        assert_eq!(setting.failure().await.problem, FetchProblem::Timeout);
        assert_eq!(server.count("/jwks"), 1);
        assert_eq!(server.most_open(), 1);
    }
}

/// Metadata and keys share one time-out.
#[tokio::test]
async fn a_slow_key_set_behind_good_metadata() {
    let server = Server::start(|_| Reply::Silence).await;
    let (name, uri) = (server.origin().to_owned(), server.at("/jwks"));
    server.now(move |path| match path {
        "/jwks" => Reply::Drip(Reply::open_json()),
        _ => Reply::json(format!(r#"{{"issuer":"{name}","jwks_uri":"{uri}"}}"#)),
    });
    let mut setting = Setting::hurried(IssuerConfig::new(server.origin()));
    assert!(setting.fetch(None).await.is_err());
    assert_eq!(setting.failure().await.problem, FetchProblem::Timeout);
    assert_eq!(server.count("/jwks"), 1);
}

#[tokio::test]
async fn only_so_many_wait() {
    let server = Server::start(|_| Reply::Silence).await;
    let setting = Setting::new(issuer(&server));
    let waiting: Vec<_> = (0..1024).map(|_| later(setting.ask(None))).collect();
    assert!(matches!(setting.ask(None), Answer::Now(Err(_))));
    drop(waiting);
    assert!(matches!(setting.ask(None), Answer::Later(_)));
}

/// "X01": nobody is refused for an hour, then everybody is, until the issuer is back.
#[tokio::test]
async fn keys_serve_while_the_issuer_is_down_but_not_for_ever() {
    let server = Server::start(|_| Reply::json(jwks(&["k1"]))).await;
    let mut setting = Setting::new(issuer(&server));
    setting.fetch(None).await.unwrap();
    assert_eq!(setting.event().await, Event::Fetched);
    server.now(|_| Reply::status("500 Oops"));

    // Requests every ten seconds, one of them for a key that nobody can be asked about: that one waits for a fetch.
    for _ in 1..390 {
        setting.clock.advance(10);
        assert!(setting.knows("k1"));
        assert!(setting.fetch(Some("new")).await.is_err());
    }
    setting.clock.advance(10);
    assert!(!setting.knows("k1"));
    assert!(!setting.keys.is_ready());
    assert!(setting.fetch(None).await.is_err());

    server.now(|_| Reply::json(jwks(&["k2"])));
    setting.clock.advance(30);
    assert!(setting.fetch(None).await.unwrap().has_kid("k2"));
    assert!(setting.knows("k2"));
    assert!(!setting.knows("k1"));
}

/// The fetch belongs to nobody: whoever asked for it may go.
#[tokio::test]
async fn a_fetch_goes_on_when_all_have_gone() {
    let server = Server::start(|_| Reply::json(jwks(&["k1"]))).await;
    let mut setting = Setting::new(issuer(&server));
    let leader = later(setting.ask(None));
    let joiner = later(setting.ask(None));
    drop(leader);
    assert!(soon(joiner).await.unwrap().has_kid("k1"));
    assert_eq!(setting.event().await, Event::Fetched);

    setting.clock.advance(300);
    drop(later(setting.ask(None)));
    assert_eq!(setting.event().await, Event::Fetched);
    assert!(setting.knows("k1"));
    assert_eq!(server.count("/jwks"), 2);
}

/// A runtime that stops takes its fetch with it; the next one starts anew.
#[test]
fn a_fetch_whose_runtime_stops_blocks_nobody() {
    let serving = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = serving.block_on(Server::start(|_| Reply::Silence));
    let mut setting = Setting::new(issuer(&server));

    let short = tokio::runtime::Runtime::new().unwrap();
    let entered = short.enter();
    let waiting = later(setting.ask(None));
    drop(entered);
    drop(short);
    assert!(serving.block_on(waiting).is_err());
    assert_eq!(
        serving.block_on(setting.failure()).problem,
        FetchProblem::Abandoned
    );

    server.now(|_| Reply::json(jwks(&["k1"])));
    setting.clock.advance(1);
    assert!(serving.block_on(setting.fetch(None)).unwrap().has_kid("k1"));
}
