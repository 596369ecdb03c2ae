//! Requests that wait for keys or for the issuer's word.

use std::time::Duration;

use fapi_tests::module::ROOT;
use serde_json::json;

use crate::cast::*;

#[test]
fn requests_wait_for_keys_and_all_go_on_with_one_answer() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.fetching());
    let waiting: Vec<u32> = (0..4).map(|_| worker.request(cast.good())).collect();
    let bad = |id: &u32| worker.stream(*id);
    assert!(
        waiting
            .iter()
            .map(bad)
            .all(|one| !one.forwarded && one.reply.is_none())
    );
    // The room for those that wait is limited.
    let one_more = worker.request(cast.good());
    assert_eq!(worker.status(one_more), 503);

    worker.tick();
    let call = worker.last_call();
    assert_eq!(
        (&*call.path(), &*call.cluster, call.context),
        ("/jwks", "as", ROOT)
    );
    worker.answer(&call, &JSON, &cast.issuer.jwks());
    for id in waiting {
        assert_forwarded(&mut worker, id);
    }
    assert_eq!(worker.world().calls.len(), 1);
    assert_decent(&mut worker);
}

#[test]
fn a_waiting_request_is_judged_like_any_other_when_it_goes_on() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.fetching());
    let good = cast.good();
    let first = worker.request(good.clone());
    let same_proof = worker.request(good);
    let no_proof = worker.request(without(cast.good(), "dpop"));
    assert_eq!(worker.status(no_proof), 401);
    let grown_old = worker.request(cast.good());
    worker.tick();
    let call = worker.last_call();
    worker.answer(&call, &JSON, &cast.issuer.jwks());
    let went_on = |id| worker.stream(id).forwarded;
    assert_eq!(
        [first, same_proof, grown_old].map(went_on),
        [true, false, true]
    );

    // One whose proof grows old while it waits.
    let mut worker = cast.worker(&{
        let mut document = cast.fetching();
        document["envoy"]["timeout_ms"] = 60_000.into();
        document["issuers"][0]["jwks_uri"] = "https://as.example.com/other".into();
        document
    });
    let id = worker.request(cast.good());
    worker.tick();
    let call = worker.last_call();
    worker.world().now += Duration::from_secs(61);
    worker.answer(&call, &JSON, &cast.issuer.jwks());
    assert_eq!(worker.status(id), 401);
    assert_decent(&mut worker);
}

#[test]
fn without_an_answer_those_who_wait_are_told_to_come_again() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.fetching());
    let id = worker.request(cast.good());
    worker.tick();
    let call = worker.last_call();
    worker.fail(&call);
    let reply = worker.stream(id).reply.unwrap();
    assert_eq!(reply.status, 503);
    assert_eq!(reply.values("retry-after").len(), 1);
    assert_eq!(reply.values("www-authenticate"), [""; 0]);

    // Envoy never answers: the tick does.
    worker.world().now += Duration::from_secs(30);
    let id = worker.request(cast.good());
    worker.tick();
    worker.world().now += Duration::from_secs(60);
    worker.tick();
    assert_eq!(worker.status(id), 503);
    assert_decent(&mut worker);
}

#[test]
fn a_request_that_ended_while_it_waited_is_forgotten() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.fetching());
    let (gone, stays) = (worker.request(cast.good()), worker.request(cast.good()));
    worker.tick();
    let call = worker.last_call();
    worker.end(gone);
    worker.answer(&call, &JSON, &cast.issuer.jwks());
    assert_forwarded(&mut worker, stays);
    assert_decent(&mut worker);
}

#[test]
fn introspection_decides_and_its_late_answers_concern_nobody() {
    let cast = Cast::new();
    let mut document = cast.introspecting();
    let key = cast.client.key().private_jwk();
    let auth = &mut document["issuers"][0]["introspection"]["client_auth"];
    *auth = json!({ "private_key_jwt": { "key": key } });
    let mut worker = cast.worker(&document);
    let [active, inactive, failed, gone] = [(); 4].map(|()| {
        let id = worker.request(cast.opaque());
        (id, worker.last_call())
    });
    assert_eq!(
        (active.1.context, &*active.1.path()),
        (active.0, "/introspect")
    );
    assert!(String::from_utf8_lossy(&active.1.body).contains("client_assertion="));
    worker.end(gone.0);
    // Envoy would not say it; whoever does is not heard.
    worker.answer(&gone.1, &JSON, &cast.active());
    worker.answer(&inactive.1, &JSON, r#"{"active":false}"#);
    worker.answer(&active.1, &JSON, &cast.active());
    worker.fail(&failed.1);
    assert_forwarded(&mut worker, active.0);
    assert_eq!(worker.status(inactive.0), 401);
    assert_eq!(worker.status(failed.0), 503);
    assert_eq!(worker.count("fapi.introspection.answered"), 2);
    assert_decent(&mut worker);
}

#[test]
fn answers_to_calls_of_an_earlier_configuration_are_not_heard() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.fetching());
    worker.request(cast.good());
    worker.tick();
    let early = worker.last_call();
    // Envoy makes a new root context for a changed configuration, in the same VM.
    worker.world().configuration = cast.document().to_string().into();
    assert!(worker.add_root(ROOT + 1));
    worker.answer(&early, &JSON, &cast.issuer.jwks());
    let late = worker.request(cast.good());
    assert_forwarded(&mut worker, late);

    // The same root context, configured again.
    worker.world().now += Duration::from_secs(3600);
    worker.tick();
    let early = worker.last_call();
    let id = worker.request(cast.good());
    assert!(worker.configure(ROOT));
    worker.answer(&early, &JSON, &cast.issuer.jwks());
    worker.end(id);
    assert_decent(&mut worker);
}
