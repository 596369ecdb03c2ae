//! Tokens that only their issuer can read.

use serde_json::json;

use super::*;

const JSON: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/json")];

fn asking(change: impl FnOnce(&mut Value)) -> (Cast, Worker) {
    let cast = Cast::new();
    let mut document = cast.document();
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": "rs", "d": URL_SAFE_NO_PAD.encode([3; 32]),
        "x": Key::new(3).public["x"], "y": Key::new(3).public["y"] });
    document["issuers"][0]["token_format"] = "any".into();
    document["issuers"][0]["introspection"] = json!({
        "endpoint": "https://as.example.com/introspect", "client_id": "rs", "signed_response": false,
        "client_auth": { "private_key_jwt": { "key": key } }, "max_in_flight": 2,
        "opaque_token": { "prefix": "rt_" },
    });
    document["envoy"] = json!({ "cluster": "as" });
    change(&mut document);
    let worker = cast.worker(&document);
    (cast, worker)
}

fn send_opaque(worker: &mut Worker, cast: &Cast) -> u32 {
    send(worker, &headers("rt_1", &cast.proof("rt_1")))
}

fn active(cast: &Cast) -> String {
    let mut claims = cast.claims();
    claims["active"] = true.into();
    claims.to_string()
}

#[test]
fn the_issuer_is_asked_with_an_assertion_and_the_request_waits() {
    let (cast, mut worker) = asking(|_| {});
    let id = send_opaque(&mut worker, &cast);
    assert_eq!(worker.status(id), 0);
    let call = worker.last_call();
    assert_eq!(call.context, id);
    assert!(
        call.body
            .starts_with("token=rt_1&token_type_hint=access_token&client_assertion_type=")
    );
    let assertion = call.body.rsplit_once("client_assertion=").unwrap().1;
    let claims = URL_SAFE_NO_PAD
        .decode(assertion.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], AS);
    worker.answer(&call, &JSON, &active(&cast));
    assert!(worker.stream(id).resumed, "{:?}", worker.stream(id).reply);
    assert_eq!(worker.count("fapi.introspection.answered"), 1);
}

#[test]
fn an_inactive_token_is_refused_and_no_answer_decides_nothing() {
    let (cast, mut worker) = asking(|_| {});
    let html = [(":status", "200"), ("content-type", "text/html")];
    for (headers, body, status) in [
        (&JSON[..], r#"{"active":false}"#, 401),
        (&html[..], "{}", 503),
        (&[(":status", "401")][..], "", 503),
        (&[][..], "", 503),
        (&JSON[..], "[]", 503),
    ] {
        let id = send_opaque(&mut worker, &cast);
        let call = worker.last_call();
        worker.answer(&call, headers, body);
        assert_eq!(worker.status(id), status, "{body}");
    }
}

#[test]
fn so_many_questions_are_under_way_and_those_of_clients_that_left_are_not() {
    let (cast, mut worker) = asking(|_| {});
    let first = send_opaque(&mut worker, &cast);
    send_opaque(&mut worker, &cast);
    let third = send_opaque(&mut worker, &cast);
    assert_eq!((worker.status(third), worker.calls()), (503, 2));
    let call = worker.world(|world| world.calls[0].clone());
    worker.gone(first);
    worker.answer(&call, &JSON, &active(&cast));
    let fourth = send_opaque(&mut worker, &cast);
    assert_eq!((worker.status(fourth), worker.calls()), (0, 3));
}

#[test]
fn a_revoked_jwt_is_asked_about_by_whoever_gets_its_keys() {
    let (cast, mut worker) = asking(|document| {
        document["issuers"][0]["revocation"] = "introspect".into();
        let issuer = document["issuers"][0].as_object_mut().unwrap();
        issuer.remove("jwks");
        issuer.insert("jwks_uri".to_owned(), "https://as.example.com/jwks".into());
    });
    let id = send_good(&mut worker, &cast, "k1");
    worker.tick();
    let call = worker.last_call();
    worker.answer(&call, &JSON, &cast.issuer.jwks("k1").to_string());
    // The keys came to the root context, so the question is its own.
    let call = worker.last_call();
    assert_eq!(call.context, mock::ROOT);
    assert!(call.body.starts_with("token=ey"));
    worker.answer(&call, &JSON, &active(&cast));
    assert!(worker.stream(id).resumed, "{:?}", worker.stream(id).reply);
}

#[test]
fn what_this_host_does_not_do_is_refused_by_name() {
    let cast = Cast::new();
    for (change, field) in [
        (json!({ "cache_seconds": 5 }), "cache_seconds"),
        (
            json!({ "client_auth": { "private_key_jwt": { "key": { "kty": "RSA", "n": "AQ", "e": "AQAB", "d": "AQ" } } } }),
            "private_key_jwt.key",
        ),
    ] {
        let mut document = cast.document();
        document["envoy"] = json!({ "cluster": "as" });
        let mut introspection = json!({
            "endpoint": "https://as.example.com/introspect", "client_id": "rs",
            "client_auth": { "tls_client_auth": {} },
        });
        for (name, value) in change.as_object().unwrap() {
            introspection[name] = value.clone();
        }
        document["issuers"][0]["token_format"] = "any".into();
        document["issuers"][0]["introspection"] = introspection;
        let line = Worker::start(&document.to_string(), &cast.shared)
            .err()
            .unwrap();
        assert!(line.contains(field), "{line}");
    }
}
