//! Bytes that no client of good will sends. Nothing goes on, and the VM lives.

use fapi_tests::module::{Stream, Worker};
use fapi_tests::random::Random;

use crate::cast::*;

/// All that the filter looks at.
const READ: [&str; 11] = [
    ":method",
    ":authority",
    ":path",
    "authorization",
    "dpop",
    "content-type",
    "x-fapi-interaction-id",
    "x-forwarded-client-cert",
    "origin",
    "access-control-request-method",
    "x-fapi-sub",
];

fn watchful(cast: &Cast) -> Worker {
    let mut document = cast.document();
    document["mtls"] = serde_json::json!({
        "certificate_from": "xfcc", "trusted_proxies": ["127.0.0.0/8"],
    });
    let mut worker = cast.worker(&document);
    let properties = &mut worker.world().properties;
    properties.insert("source.address".into(), b"127.0.0.1:4711".to_vec());
    worker
}

#[test]
fn missing_and_repeated_pseudo_headers_are_refused() {
    let cast = Cast::new();
    let mut worker = watchful(&cast);
    for name in [":method", ":path"] {
        for request in [
            without(cast.good(), name),
            with(cast.good(), name, "GET"),
            with(without(cast.good(), name), name, b"\xff".to_vec()),
            with(without(cast.good(), name), name, ""),
        ] {
            let id = worker.request(request);
            assert!(worker.status(id) >= 400, "{name}");
        }
    }
    // Nothing depends on the authority, with one origin.
    let id = worker.request(without(cast.good(), ":authority"));
    assert_forwarded(&mut worker, id);
    let id = worker.request(Vec::new());
    assert!(worker.status(id) >= 400);
    assert_decent(&mut worker);
}

#[test]
fn random_header_bytes_are_refused() {
    let cast = Cast::new();
    let mut worker = watchful(&cast);
    let mut random = Random::new(20_260_101);
    for round in 0..1500 {
        let mut request = cast.good();
        // The credentials at least are spoiled.
        let spoiled = *random.one_of(&["authorization", "dpop"]);
        for name in READ {
            if name != spoiled && random.below(4) > 0 {
                continue;
            }
            request = without(request, name);
            for _ in 0..random.below(3) {
                let mut value = random.bytes(40);
                match random.below(4) {
                    0 => value.push(0xff),
                    1 => value.splice(0..0, *b"DPoP ").for_each(drop),
                    2 => value.retain(|byte| (0x21..0x7f).contains(byte)),
                    _ => {}
                }
                request = with(request, name, value);
            }
        }
        let id = worker.request(request);
        let stream = worker.stream(id);
        assert!(!stream.forwarded, "round {round}: {stream:?}");
        assert!(stream.reply.is_some(), "round {round}: {stream:?}");
        worker.end(id);
    }
    assert_decent(&mut worker);
    let id = worker.request(cast.good());
    assert_forwarded(&mut worker, id);
}

#[test]
fn one_changed_byte_is_refused_wherever_it_is() {
    let cast = Cast::new();
    let mut worker = watchful(&cast);
    let mut random = Random::new(7);
    for round in 0..600 {
        let mut request = cast.good();
        let place = 4 + random.below(2);
        let (name, value) = &mut request[place];
        let name = String::from_utf8_lossy(name).into_owned();
        let at = random.below(value.len());
        let change = 1 + random.below(255);
        let was = value[at];
        value[at] ^= u8::try_from(change).unwrap();
        // The scheme is compared without regard to case (RFC 9110 §11.1).
        if name == "authorization" && at < 4 && value[at].eq_ignore_ascii_case(&was) {
            continue;
        }
        let id = worker.request(request);
        let stream = worker.stream(id);
        assert!(
            !stream.forwarded,
            "round {round}: {name} at {at}: {was} to {change}"
        );
        worker.end(id);
    }
}

#[test]
fn a_header_map_that_lies_is_refused() {
    let cast = Cast::new();
    let mut worker = watchful(&cast);
    let mut random = Random::new(99);
    for round in 0..500_u32 {
        let mut raw = random.bytes(200);
        // A number of headers that could be, more often than not.
        if raw.len() >= 4 && random.below(4) > 0 {
            raw[..4].copy_from_slice(&(round % 9).to_le_bytes());
        }
        let id = worker.request_of(Stream {
            raw_request: Some(raw),
            ..Stream::default()
        });
        assert!(worker.status(id) >= 400, "round {round}");
        worker.end(id);
    }
    assert_decent(&mut worker);
}

#[test]
fn random_answers_of_the_issuer_give_no_keys() {
    let cast = Cast::new();
    let mut worker = cast.worker(&cast.fetching());
    let mut random = Random::new(3);
    for round in 0..300_u64 {
        worker.world().now += std::time::Duration::from_secs(3600);
        worker.tick();
        let call = worker.last_call();
        let value = match round % 3 {
            0 => b"application/json".to_vec(),
            _ => random.bytes(30),
        };
        let status = match round % 2 {
            0 => b"200".to_vec(),
            _ => random.bytes(4),
        };
        let headers = vec![
            (b":status".to_vec(), status),
            (b"content-type".to_vec(), value),
            (b"cache-control".to_vec(), random.bytes(30)),
            (b"age".to_vec(), random.bytes(12)),
        ];
        worker.answer_with(&call, headers, random.bytes(100));
    }
    assert_eq!(worker.count("fapi.keys.fetched"), 0);
    assert!(worker.count("fapi.keys.failed") > 100);
}
