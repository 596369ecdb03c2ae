//! Keys that are fetched through a cluster.

use std::sync::{Arc, Mutex};
use std::thread;

use fapi_tests::envoy::{Envoy, READINESS_PATH, Reply, Server, cluster, until};
use fapi_tests::wire::WireRequest;
use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestIssuer, TestKey, now};

use crate::cast::*;
use crate::pki::Authority;

/// An issuer's key endpoint.
#[derive(Clone)]
struct Endpoint(Arc<Mutex<Reply>>);

impl Endpoint {
    fn serve(keys: &[&TestKey]) -> (Self, Server) {
        let endpoint = Self(Arc::new(Mutex::new(Reply::new(404))));
        endpoint.publish(keys);
        let answers = endpoint.clone();
        let server = Server::start(move |seen| match &*seen.target {
            "/jwks" => answers.0.lock().unwrap().clone(),
            _ => Reply::new(404),
        });
        (endpoint, server)
    }

    fn publish(&self, keys: &[&TestKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.published_jwk()).collect();
        let body = json!({ "keys": keys }).to_string();
        *self.0.lock().unwrap() = Reply::new(200).body("application/json", body);
    }

    fn go_down(&self) {
        *self.0.lock().unwrap() = Reply::new(503);
    }
}

/// A configuration whose keys are fetched through this cluster.
fn fetching(cast: &Cast, cluster: &str) -> Value {
    let mut config = cast.config();
    config["issuers"] = json!([{ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") }]);
    config["envoy"]["cluster"] = cluster.into();
    config["envoy"]["timeout_ms"] = 2000.into();
    config
}

fn start(cast: &Cast, issuer: &Server) -> Envoy {
    let listener = listener("api", "fapi", &fetching(cast, "as"));
    let bootstrap = cast.bootstrap().cluster("as", issuer.address());
    Envoy::start(&bootstrap.listener(listener))
}

fn await_keys(envoy: &Envoy) {
    let ready = WireRequest::new("GET", READINESS_PATH);
    let mut workers = connect_to_both(envoy, "api");
    until("both workers have keys", SOON, || {
        let is_ready = |worker: &mut _| exchange(worker, &ready).status == 200;
        workers.iter_mut().all(is_ready).then_some(())
    });
}

#[test]
fn keys_outlive_the_issuers_absence_and_new_ones_are_taken_by_both_workers() {
    let cast = Cast::new();
    let (endpoint, issuer) = Endpoint::serve(&[cast.issuer.key()]);
    let envoy = start(&cast, &issuer);
    await_keys(&envoy);
    assert_eq!(issuer.take().len(), 1, "one worker fetches for both");
    let mut workers = connect_to_both(&envoy, "api");
    let mut statuses = |token: &dyn Fn() -> String| {
        [0, 1].map(|worker| exchange(&mut workers[worker], &cast.with_token(&token())).status)
    };

    let known = || cast.token().build();
    endpoint.go_down();
    for _ in 0..5 {
        assert_eq!(statuses(&known), [200, 200]);
    }
    let later = TestIssuer::with_key(ISSUER, TestKey::generate(Algorithm::Es256));
    let new = || later.token(cast.client.thumbprint(), now()).build();
    // The issuer that could tell does not answer.
    for status in statuses(&new) {
        assert!(matches!(status, 401 | 503), "{status}");
    }
    assert_eq!(statuses(&known), [200, 200]);

    endpoint.publish(&[cast.issuer.key(), later.key()]);
    until("both workers know the new key", SOON, || {
        assert_eq!(statuses(&known), [200, 200]);
        (statuses(&new) == [200, 200]).then_some(())
    });
}

#[test]
fn a_request_with_a_key_that_was_just_published_waits_and_is_accepted() {
    let cast = Cast::new();
    let (endpoint, issuer) = Endpoint::serve(&[cast.issuer.key()]);
    let envoy = start(&cast, &issuer);
    let address = envoy.listener("api");
    await_keys(&envoy);
    let later = TestIssuer::with_key(ISSUER, TestKey::generate(Algorithm::Es256));
    endpoint.publish(&[later.key()]);
    let tokens = [(); 16].map(|()| later.token(cast.client.thumbprint(), now()).build());
    // On both workers at once.
    let statuses = thread::scope(|scope| {
        let threads = tokens.map(|token| {
            let request = cast.with_token(&token);
            scope.spawn(move || status(address, &request))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(statuses, [200; 16]);
    assert!(issuer.take().len() <= 3);
    // What the issuer has withdrawn is not believed any more.
    assert_eq!(status(address, &cast.good()), 401);
}

#[test]
fn a_flood_of_unknown_keys_leads_to_few_fetches() {
    let cast = Cast::new();
    let (_endpoint, issuer) = Endpoint::serve(&[cast.issuer.key()]);
    let envoy = start(&cast, &issuer);
    let address = envoy.listener("api");
    await_keys(&envoy);
    issuer.take();
    let flood = |thread: u32| {
        for number in 0..50 {
            let kid = format!("unknown-{thread}-{number}");
            let token = cast.token().header("kid", kid).build();
            let answer = send(address, &cast.with_token(&token));
            assert_eq!(answer.status, 401, "{answer:?}\n{}", envoy.log());
        }
    };
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || flood(thread));
        }
    });
    // Two at once, and one each ten seconds.
    let fetches = issuer.take().len();
    assert!((1..=4).contains(&fetches), "{fetches}");
    assert_eq!(status(address, &cast.good()), 200);
}

#[test]
fn an_issuer_with_a_wrong_certificate_is_not_believed() {
    let cast = Cast::new();
    let (_endpoint, issuer) = Endpoint::serve(&[cast.issuer.key()]);
    let (authority, stranger) = (Authority::new(), Authority::new());
    // An Envoy that speaks TLS for the issuer.
    let front =
        fapi_tests::envoy::Listener::new("tls").tls(authority.certify("as.example.com").context());
    let front = fapi_tests::envoy::Bootstrap::new()
        .cluster("upstream", issuer.address())
        .listener(front);
    let front = Envoy::start(&front);
    let cases = [
        ("right", &authority, "as.example.com", 200),
        ("wrong-authority", &stranger, "as.example.com", 503),
        ("wrong-name", &authority, "other.example.com", 503),
    ];
    let mut bootstrap = cast.bootstrap();
    for (name, trusted, san, _) in cases {
        let mut cluster = cluster(name, front.listener("tls"));
        cluster["transport_socket"] = json!({ "name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": "as.example.com",
            "common_tls_context": { "validation_context": {
                "trusted_ca": { "inline_string": trusted.pem() },
                "match_typed_subject_alt_names": [{ "san_type": "DNS", "matcher": { "exact": san } }],
            } },
        } });
        bootstrap =
            bootstrap
                .any_cluster(cluster)
                .listener(listener(name, name, &fetching(&cast, name)));
    }
    let envoy = Envoy::start(&bootstrap);
    for (name, _, _, expected) in cases {
        let answer = send(envoy.listener(name), &cast.good());
        assert_eq!(
            answer.status,
            expected,
            "{name}: {answer:?}\n{}",
            envoy.log()
        );
        if expected == 503 {
            assert!(answer.retry_after().is_some(), "{name}");
            assert!(answer.challenges().is_empty(), "{name}");
        }
    }
}
