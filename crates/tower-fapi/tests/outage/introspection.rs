//! The issuer cannot be asked about tokens.

use std::time::{Duration, Instant};

use fapi_core::config::{Config, HttpConfig};
use http::StatusCode;
use tower_fapi::testing::{TestClient, TestClock};
use tower_fapi::{FapiLayer, Reason};

use crate::door::{Door, NOW, Outcome, header, outcome};
use crate::introspect_support::{Reply, Server, TOKEN, bound, config, endpoint, json, signing_key};
use crate::memory::{alone, assert_flat};
use crate::server::soon;

const REQUESTS: usize = 4000;
const TIMEOUT: Duration = Duration::from_millis(500);

fn door(origin: &str) -> Door {
    let mut config: Config = config(endpoint(origin, &signing_key()));
    let mut http = HttpConfig::default();
    http.timeout_ms = 500;
    config.http = Some(http);
    let clock = TestClock::at(NOW);
    let layer = FapiLayer::builder(config).clock(clock.source()).build();
    Door {
        layer: layer.unwrap(),
        client: TestClient::new(),
        clock,
    }
}

#[tokio::test]
async fn a_stopped_issuer_is_503_until_it_is_back() {
    let _alone = alone().await;
    let server = Server::start(|_| Reply::Silence).await;
    let door = door(&server.origin);
    let address = soon(server.stop()).await;
    assert_flat(REQUESTS, async || {
        let response = soon(door.send(TOKEN, &door.proof(TOKEN))).await;
        let unavailable = Outcome::Refused(Reason::IntrospectionUnavailable);
        assert_eq!(outcome(&response), unavailable);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(header(&response, "retry-after").is_some());
        assert_eq!(header(&response, "www-authenticate"), None);
    })
    .await;
    let answer = json(&bound(door.client.thumbprint()));
    let _server = Server::start_at(address, move |_| Reply::Bytes(answer.clone())).await;
    assert_eq!(soon(door.outcome(TOKEN)).await, Outcome::Accepted);
}

#[tokio::test]
async fn a_silent_issuer_is_503_within_the_time_out() {
    let _alone = alone().await;
    let server = Server::start(|_| Reply::Silence).await;
    let door = door(&server.origin);
    let begun = Instant::now();
    let response = soon(door.send(TOKEN, &door.proof(TOKEN))).await;
    let took = begun.elapsed();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(header(&response, "retry-after").is_some());
    // What is above is a busy machine.
    assert!(took >= TIMEOUT && took < TIMEOUT * 4, "{took:?}");
}
