//! The server with the used proofs is killed, and comes back empty.

use fapi_core::config::{RedisConfig, ReplayStoreKind, Secret};
use http::StatusCode;
use tower_fapi::testing::{TestClock, TestIssuer};
use tower_fapi::{FapiLayer, Reason};

use crate::door::{AS, Door, NOW, Outcome, header, outcome};
use crate::memory::{alone, assert_flat};
use crate::redis_server::Server;
use crate::server::soon;

const REQUESTS: usize = 4000;

#[tokio::test]
async fn a_killed_server_is_503_and_nothing_counts_twice_when_it_is_back() {
    let _alone = alone().await;
    let mut server = Server::start(&[]);
    let issuer = TestIssuer::new(AS);
    let clock = TestClock::at(NOW);
    let mut config = issuer.resource_config();
    config.dpop.replay.store = Some(ReplayStoreKind::Redis);
    let nonce_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    config.dpop.nonce.keys = vec![Secret::Inline(nonce_key.to_owned())];
    let mut redis = RedisConfig::default();
    redis.url = Some(server.url());
    redis.connect_timeout_ms = 10_000;
    redis.command_timeout_ms = 10_000;
    config.redis = Some(redis);
    let layer = FapiLayer::builder(config).clock(clock.source()).build();
    let door = Door::new(layer.unwrap(), &clock);
    let token = issuer.token(door.client.thumbprint(), NOW).build();

    // The server's memory begins with the first look at it, and a little later.
    ready(&door).await;
    clock.advance(11);
    let used = door.proof(&token);
    assert_eq!(
        outcome(&soon(door.send(&token, &used)).await),
        Outcome::Accepted
    );

    server.kill();
    let unavailable = Outcome::Refused(Reason::ReplayStoreUnavailable);
    assert_flat(REQUESTS, async || {
        let response = soon(door.send(&token, &door.proof(&token))).await;
        assert_eq!(outcome(&response), unavailable);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(header(&response, "retry-after").is_some());
        assert_eq!(header(&response, "www-authenticate"), None);
    })
    .await;
    assert!(!door.layer.handle().ready().await.replay_store);

    server.restart();
    ready(&door).await;
    // It has forgotten what was used, so a nonce is asked for first.
    let first = soon(door.send(&token, &door.proof(&token))).await;
    let early = Outcome::Refused(Reason::ProofBeforeEpoch);
    assert_eq!(outcome(&first), early);
    let nonce = header(&first, "dpop-nonce").unwrap();
    let fresh = door.proof_with(&token, Some(nonce));
    assert_eq!(
        outcome(&soon(door.send(&token, &fresh)).await),
        Outcome::Accepted
    );
    let replayed = Outcome::Refused(Reason::ProofReplayed);
    assert_eq!(outcome(&soon(door.send(&token, &fresh)).await), replayed);
    assert_eq!(outcome(&soon(door.send(&token, &used)).await), early);
}

/// Waits until the layer says that the store answers.
async fn ready(door: &Door) {
    let handle = door.layer.handle();
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(10));
    soon(async {
        while !handle.ready().await.replay_store {
            tick.tick().await;
        }
    })
    .await;
}
