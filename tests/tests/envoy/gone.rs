//! N31: clients that do not wait for what Envoy asks the issuer for them.

use std::io::Write as _;
use std::time::Duration;

use fapi_core::config::EnvoyConfig;
use fapi_tests::envoy::{Bootstrap, Envoy, Gate, Listener, Reply, Server, fapi, until};
use fapi_tests::host::client;
use fapi_tests::introspection::{self, GOOD_TOKEN};
use fapi_tests::profile::Profile;
use fapi_tests::scene::{CAST, begin_at};
use fapi_tests::wire::WireRequest;
use serde_json::json;
use tower_fapi::testing::{Algorithm, now};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn an_answer_for_a_request_that_has_gone_hurts_nobody() {
    begin_at(now());
    let gate = Gate::default();
    let upstream = Server::upstream();
    let waits = gate.clone();
    let issuer = Server::start(move |question| {
        waits.pass();
        let reply = introspection::Reply::to_question(Profile::Opaque, &question.body);
        Reply::new(reply.status).body(&reply.content_type, reply.body)
    });
    let mut config = Profile::Opaque.config_for(&format!("http://{}", issuer.address()));
    let mut part = EnvoyConfig::default();
    part.cluster = Some("issuer".into());
    part.timeout_ms = 60_000;
    config.envoy = Some(part);
    let bootstrap = Bootstrap::new()
        .cluster("upstream", upstream.address())
        .cluster("issuer", issuer.address())
        .listener(Listener::new("api").filter(fapi("gone", &json!(config))));
    let envoy = Envoy::start(&bootstrap);
    let address = envoy.listener("api");

    // Enough for both workers.
    let mut open: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let mut connection = client::connect(address).unwrap();
            connection.write_all(&request(number).to_bytes()).unwrap();
            connection
        })
        .collect();
    let count = |name: &str| envoy.stats().get(name);
    let all = u64::try_from(CLIENTS).unwrap();
    let paused = || (count("wasmcustom.fapi.paused") == all).then_some(());
    until("all requests wait", LIMIT, paused);
    open.clear();
    let gone = || (count("http.api.downstream_rq_active") == 0).then_some(());
    until("all clients have gone", LIMIT, gone);
    gate.open();

    for number in CLIENTS..2 * CLIENTS {
        let status = client::status_of(address, &request(number)).unwrap();
        assert_eq!(status, 200, "{}", envoy.log());
    }
    assert_eq!(upstream.take().len(), CLIENTS);
    let log = envoy.log();
    assert!(
        !log.contains("panic") && !log.contains("[critical]"),
        "{log}"
    );
}

const CLIENTS: usize = 8;

/// A good request with the reference token.
fn request(number: usize) -> WireRequest {
    let client = CAST.client(Algorithm::Es256);
    let proof = client
        .proof("GET", "https://api.example.com/accounts", now())
        .token(GOOD_TOKEN)
        .jti(format!("gone-{number}"));
    WireRequest::new("GET", "/accounts")
        .header("Authorization", format!("DPoP {GOOD_TOKEN}"))
        .header("DPoP", proof.build())
}
