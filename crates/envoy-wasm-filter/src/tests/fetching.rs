//! Keys that are fetched through a cluster.

use std::time::Duration;

use proxy_wasm::types::Action;
use serde_json::json;

use super::mock::Sent;
use super::*;

const OK: [(&str, &str); 3] = [
    (":status", "200"),
    ("content-type", "application/json"),
    ("cache-control", "max-age=600"),
];

fn discovering() -> (Cast, Value) {
    let cast = Cast::new();
    let mut document = cast.document();
    document["issuers"] = json!([{ "issuer": AS }]);
    document["envoy"] = json!({ "cluster": "as", "readiness_path": "/ready", "max_paused": 3 });
    (cast, document)
}

fn path(call: &Sent) -> &str {
    let path = call.headers.iter().find(|(name, _)| name == ":path");
    &path.unwrap().1
}

/// The worker fetches keys, and gets these.
fn serve(worker: &mut Worker, jwks: &Value) {
    let call = worker.last_call();
    assert_eq!(path(&call), "/.well-known/oauth-authorization-server");
    let metadata = json!({ "issuer": AS, "jwks_uri": "https://as.example.com/jwks" });
    worker.answer(&call, &OK, &metadata.to_string());
    let call = worker.last_call();
    assert_eq!((path(&call), &*call.cluster), ("/jwks", "as"));
    worker.answer(&call, &OK, &jwks.to_string());
}

#[test]
fn keys_are_discovered_at_the_first_tick_and_requests_wait_for_them() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    let id = send_good(&mut worker, &cast, "k1");
    assert_eq!((worker.status(id), worker.calls()), (0, 0));
    let ready = [(":method", b"GET".to_vec()), (":path", b"/ready".to_vec())];
    let not_yet = send(&mut worker, &ready);
    assert_eq!(worker.status(not_yet), 503);

    worker.tick();
    serve(&mut worker, &cast.issuer.jwks("k1"));
    assert!(worker.stream(id).resumed);
    let now = send(&mut worker, &ready);
    assert_eq!(worker.status(now), 200);
    assert_eq!(worker.count("fapi.keys.fetched"), 1);
    // Until they are old nothing is fetched.
    worker.pass(Duration::from_secs(479));
    worker.tick();
    assert_eq!(worker.calls(), 2);
    worker.pass(Duration::from_secs(1));
    worker.tick();
    assert_eq!(worker.calls(), 3);
}

#[test]
fn openid_metadata_are_asked_for_where_there_are_no_others() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    worker.tick();
    let call = worker.last_call();
    worker.answer(&call, &[(":status", "404")], "");
    let call = worker.last_call();
    assert_eq!(path(&call), "/.well-known/openid-configuration");
    let metadata =
        json!({ "issuer": "https://evil.example", "jwks_uri": "https://as.example.com/jwks" });
    worker.answer(&call, &OK, &metadata.to_string());
    assert_eq!((worker.calls(), worker.count("fapi.keys.failed")), (2, 1));
}

#[test]
fn one_worker_fetches_for_all() {
    let (cast, document) = discovering();
    let (mut one, mut two) = (cast.worker(&document), cast.worker(&document));
    one.tick();
    two.tick();
    assert_eq!((one.calls(), two.calls()), (1, 0));
    let id = send_good(&mut two, &cast, "k1");
    serve(&mut one, &cast.issuer.jwks("k1"));
    assert!(!two.stream(id).resumed);
    two.tick();
    assert!(two.stream(id).resumed);
    assert_eq!(two.calls(), 0);
}

#[test]
fn a_worker_that_dies_with_its_lease_is_followed_by_another() {
    let (cast, document) = discovering();
    let (mut one, mut two) = (cast.worker(&document), cast.worker(&document));
    one.tick();
    drop(one);
    two.pass(Duration::from_secs(8));
    two.tick();
    assert_eq!(two.calls(), 1);
}

#[test]
fn an_unknown_key_is_fetched_twice_in_a_row_then_not() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    worker.tick();
    serve(&mut worker, &cast.issuer.jwks("k1"));
    let id = send_good(&mut worker, &cast, "k2");
    assert_eq!(worker.status(id), 0);
    worker.tick();
    serve(&mut worker, &cast.issuer.jwks("k2"));
    assert!(worker.stream(id).resumed);

    let id = send_good(&mut worker, &cast, "k3");
    worker.tick();
    serve(&mut worker, &cast.issuer.jwks("k2"));
    assert_eq!(worker.status(id), 401);
    let id = send_good(&mut worker, &cast, "k4");
    assert_eq!(worker.status(id), 401);
    assert_eq!(worker.calls(), 6);
}

#[test]
fn old_keys_serve_while_fetching_fails_and_nobody_hears_of_it() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    worker.tick();
    serve(&mut worker, &cast.issuer.jwks("k1"));
    worker.pass(Duration::from_secs(50));
    let good = send_good(&mut worker, &cast, "k1");
    assert!(worker.stream(good).resumed);
    worker.pass(Duration::from_secs(430));
    worker.tick();
    let call = worker.last_call();
    worker.fail(&call);
    assert_eq!(worker.count("fapi.keys.failed"), 1);
    let ready = [(":method", b"GET".to_vec()), (":path", b"/ready".to_vec())];
    let still = send(&mut worker, &ready);
    assert_eq!(worker.status(still), 200);
}

#[test]
fn without_keys_requests_are_told_when_to_come_back() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    let id = send_good(&mut worker, &cast, "k1");
    worker.tick();
    let call = worker.last_call();
    worker.answer(&call, &[(":status", "500")], "");
    let reply = worker.stream(id).reply.unwrap();
    assert_eq!(reply.status, 503);
    assert!(reply.headers.iter().any(|(name, _)| *name == "retry-after"));
}

#[test]
fn the_body_waits_as_long_as_the_request_does() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    let waits = send_good(&mut worker, &cast, "k1");
    assert_eq!(worker.body(waits), Action::Pause);

    worker.tick();
    serve(&mut worker, &cast.issuer.jwks("k1"));
    assert_eq!(worker.body(waits), Action::Continue);

    let refused = send(&mut worker, &headers("no token", ""));
    assert_eq!(worker.body(refused), Action::Pause);
}

#[test]
fn only_so_many_requests_wait_and_none_for_ever() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    let ids: Vec<_> = (0..3)
        .map(|_| send_good(&mut worker, &cast, "k1"))
        .collect();
    let one_more = send_good(&mut worker, &cast, "k1");
    assert_eq!(worker.status(one_more), 503);
    worker.gone(ids[0]);
    let room = send_good(&mut worker, &cast, "k1");
    assert_eq!(worker.status(room), 0);
    worker.tick();
    worker.pass(Duration::from_secs(10));
    worker.tick();
    for id in [ids[1], ids[2], room] {
        assert_eq!(worker.status(id), 503);
    }
    // The answer that comes then finds nobody.
    let call = worker.world(|world| world.calls[0].clone());
    worker.fail(&call);
}

#[test]
fn a_cluster_that_is_not_there_is_a_failure() {
    let (cast, document) = discovering();
    let mut worker = cast.worker(&document);
    worker.world(|world| world.cluster_is_gone = true);
    let id = send_good(&mut worker, &cast, "k1");
    worker.tick();
    assert_eq!(worker.status(id), 503);
    assert_eq!(worker.count("fapi.keys.failed"), 1);
}

#[test]
fn a_request_that_sees_another_workers_fetch_before_the_tick_leaves_nobody_waiting() {
    let (cast, document) = discovering();
    let (mut first, mut second) = (cast.worker(&document), cast.worker(&document));
    first.tick();
    serve(&mut first, &cast.issuer.jwks("k1"));
    second.tick();
    let waits = send_good(&mut second, &cast, "k2");
    send_good(&mut first, &cast, "k2");
    first.tick();
    serve(&mut first, &cast.issuer.jwks("k1"));

    let late = send_good(&mut second, &cast, "k3");
    assert_eq!((second.status(waits), second.status(late)), (0, 401));
    second.tick();
    assert_eq!(second.status(waits), 401);
}
