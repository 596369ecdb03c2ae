//! The issuer's keys cannot be fetched.

use std::time::{Duration, Instant};

use fapi_core::config::HttpConfig;
use http::StatusCode;
use tower_fapi::keys::ConfiguredKeys;
use tower_fapi::testing::{TestClock, TestIssuer};
use tower_fapi::{FapiConfig, FapiLayer, IssuerConfig, Reason};

use crate::door::{API, AS, Door, NOW, Outcome, header, outcome};
use crate::memory::{alone, assert_flat};
use crate::server::{Reply, Server, soon};

const REQUESTS: usize = 4000;
const TIMEOUT: Duration = Duration::from_millis(500);

/// A layer that has fetched nothing yet. The time of the keys is that of the layer.
fn cold(server: &Server, clock: &TestClock) -> Door {
    let mut http = HttpConfig::default();
    http.timeout_ms = 500;
    let config = FapiConfig::builder(API)
        .dangerous_allow_http_loopback()
        .issuer(IssuerConfig::new(AS).jwks_uri(server.at("/jwks")))
        .http(http)
        .build()
        .unwrap();
    let time = clock.clone();
    let keys = ConfiguredKeys::builder(&config)
        .clock(move || Duration::from_secs(time.now().as_secs().cast_unsigned()))
        .build()
        .unwrap();
    let layer = FapiLayer::builder(config)
        .key_source(keys)
        .clock(clock.source())
        .build()
        .unwrap();
    Door::new(layer, clock)
}

#[tokio::test]
async fn a_stopped_issuer_is_503_until_it_is_back() {
    let _alone = alone().await;
    let issuer = TestIssuer::new(AS);
    let clock = TestClock::at(NOW);
    let server = Server::start(|_| Reply::Silence).await;
    let door = cold(&server, &clock);
    let token = issuer.token(door.client.thumbprint(), NOW).build();
    let address = soon(server.stop()).await;

    let refused = async || {
        let response = soon(door.send(&token, &door.proof(&token))).await;
        let unavailable = Outcome::Refused(Reason::KeysUnavailable);
        assert_eq!(outcome(&response), unavailable);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(header(&response, "www-authenticate"), None);
        let seconds = header(&response, "retry-after").unwrap();
        seconds.parse::<i64>().unwrap()
    };
    assert_flat(REQUESTS, async || {
        refused().await;
    })
    .await;

    // Who comes back when it was told is served.
    let retry_after = refused().await;
    let jwks = issuer.jwks();
    let _server = Server::start_at(address, move |_| Reply::json(&jwks)).await;
    clock.advance(retry_after);
    assert_eq!(soon(door.outcome(&token)).await, Outcome::Accepted);
}

#[tokio::test]
async fn a_silent_issuer_is_503_within_the_time_out() {
    let _alone = alone().await;
    let issuer = TestIssuer::new(AS);
    let clock = TestClock::at(NOW);
    let server = Server::start(|_| Reply::Silence).await;
    let door = cold(&server, &clock);
    let token = issuer.token(door.client.thumbprint(), NOW).build();
    let begun = Instant::now();
    let response = soon(door.send(&token, &door.proof(&token))).await;
    let took = begun.elapsed();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(header(&response, "retry-after").is_some());
    // What is above is a busy machine.
    assert!(took >= TIMEOUT && took < TIMEOUT * 4, "{took:?}");
}
