//! Many requests, few questions.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::config::Config;
use tokio::sync::Semaphore;
use tower_fapi::introspect::HttpIntrospector;
use tower_fapi::keys::ConfiguredKeys;
use tower_fapi::testing::{TestClock, TestIssuer};
use tower_fapi::{FapiConfig, FapiLayer, IssuerConfig, Reason};

use crate::door::{API, AS, Door, NOW, Outcome};
use crate::introspect_support as issuer;
use crate::server::{Reply, Server, soon};

const REQUESTS: usize = 10_000;
const SENDERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_made_up_key_names_cause_two_fetches_and_hurt_nobody() {
    let trusted = TestIssuer::new(AS);
    let jwks = trusted.jwks();
    let server = Server::start(move |_| Reply::json(&jwks)).await;
    let config = FapiConfig::builder(API)
        .dangerous_allow_http_loopback()
        .issuer(IssuerConfig::new(AS).jwks_uri(server.at("/jwks")))
        .build()
        .unwrap();
    let door = door_with_fetched_keys(config);
    let good = trusted.token(door.client.thumbprint(), NOW).build();
    assert_eq!(soon(door.outcome(&good)).await, Outcome::Accepted);
    assert_eq!(server.count("/jwks"), 1);

    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        let (door, trusted, good) = (door.clone(), trusted.clone(), good.clone());
        senders.spawn(async move {
            for number in 0..REQUESTS / SENDERS {
                let kid = format!("{sender}-{number}");
                let token = trusted.token(door.client.thumbprint(), NOW);
                let forged = token.header("kid", kid).build();
                let refused = Outcome::Refused(Reason::TokenUnknownKey);
                assert_eq!(door.outcome(&forged).await, refused);
                if number % 10 == 0 {
                    assert_eq!(door.outcome(&good).await, Outcome::Accepted);
                }
            }
        });
    }
    soon(senders.join_all()).await;
    // The first, and the two that the cool-down allows at a stroke.
    assert_eq!(server.count("/jwks"), 3);
}

/// The time of the keys is that of the layer, which stands still.
fn door_with_fetched_keys(config: Config) -> Door {
    let clock = TestClock::at(NOW);
    let keys = ConfiguredKeys::builder(&config)
        .clock(|| Duration::from_secs(1))
        .build()
        .unwrap();
    let layer = FapiLayer::builder(config)
        .key_source(keys)
        .clock(clock.source())
        .build()
        .unwrap();
    Door::new(layer, &clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_with_one_new_reference_token_ask_once() {
    let gate = Arc::new(Semaphore::new(0));
    let shut = Arc::clone(&gate);
    let clock = TestClock::at(NOW);
    let key = issuer::signing_key();
    let client = tower_fapi::testing::TestClient::new();
    let answer = issuer::bound(client.thumbprint());
    let server = issuer::Server::start(move |_| {
        issuer::Reply::Gated(Arc::clone(&shut), issuer::json(&answer))
    })
    .await;
    let config = issuer::config(issuer::endpoint(&server.origin, &key));
    let introspector = HttpIntrospector::builder(&config).clock(|| NOW).build();
    let layer = FapiLayer::builder(config)
        .introspector(introspector.unwrap())
        .clock(clock.source())
        .build()
        .unwrap();
    let door = Door {
        layer,
        client,
        clock,
    };

    // The layer has seen all of them before the issuer answers the first.
    let begun: Vec<_> = (0..1000)
        .map(|_| door.begin(issuer::TOKEN, &door.proof(issuer::TOKEN)))
        .map(tokio::spawn)
        .collect();
    gate.add_permits(1);
    for response in begun {
        let response = soon(response).await.unwrap();
        assert_eq!(crate::door::outcome(&response), Outcome::Accepted);
    }
    assert_eq!(server.received().len(), 1);
}
