//! Requests that mean harm, many of them. The VMs live.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use fapi_tests::envoy::Envoy;
use fapi_tests::forge::b64;
use fapi_tests::host::client;
use fapi_tests::random::Random;
use fapi_tests::wire::WireRequest;
use serde_json::json;

use crate::cast::*;

const CLIENTS: u64 = 8;
/// How many requests the filter refuses, at least.
const REFUSED: u64 = 100_000;

/// All headers that the filter looks at, but for those that Envoy itself checks.
const READ: [&str; 9] = [
    "authorization",
    "dpop",
    "content-type",
    "x-fapi-interaction-id",
    "x-forwarded-client-cert",
    "origin",
    "access-control-request-method",
    "x-fapi-sub",
    "X_Fapi-Sub",
];

#[test]
fn no_vm_ends_under_100_000_hostile_requests() {
    let cast = Cast::new();
    let mut config = cast.config();
    config["mtls"] = json!({ "certificate_from": "xfcc", "trusted_proxies": ["127.0.0.0/8"] });
    config["dpop"]["required"] = false.into();
    config["envoy"]["claim_headers"] = json!([{ "claim": "sub", "header": "x-fapi-sub" }]);
    let api = listener("api", "fapi", &config).settings(|settings| {
        settings["forward_client_cert_details"] = "ALWAYS_FORWARD_ONLY".into();
    });
    let envoy = Envoy::start(&cast.bootstrap().listener(api));
    let address = envoy.listener("api");
    assert_eq!(status(address, &cast.good()), 200);
    let before = machines(&envoy);

    let good = cast.good();
    thread::scope(|scope| {
        for seed in 0..CLIENTS {
            let good = &good;
            scope.spawn(move || attack(address, good, seed));
        }
    });

    let stats = envoy.filter_stats();
    let refused: u64 = stats
        .containing("fapi.refused.")
        .map(|(_, count)| count)
        .sum();
    assert!(refused >= REFUSED, "{refused}: {stats:?}");
    assert_eq!(stats.get("wasmcustom.fapi.accepted"), 1);
    assert_eq!(cast.upstream.take().len(), 1);
    assert_eq!(machines(&envoy), before);
    let log = envoy.log();
    assert!(
        !log.contains("Proxy-Wasm") && !log.contains("failed: "),
        "{log}"
    );
    // On both workers.
    for _ in 0..4 {
        assert_eq!(status(address, &cast.good()), 200);
    }
}

/// VMs made, alive, restarted: whatever Envoy counts about them.
fn machines(envoy: &Envoy) -> BTreeMap<String, u64> {
    let stats = envoy.stats();
    let machines = stats
        .containing("wasm.")
        .map(|(name, count)| (name.to_owned(), count));
    let machines: BTreeMap<String, u64> = machines.collect();
    assert!(
        machines.keys().any(|name| name.ends_with("v8.created")),
        "{machines:?}"
    );
    machines
}

/// One client's share, over as few connections as Envoy allows.
fn attack(address: SocketAddr, good: &WireRequest, seed: u64) {
    let mut random = Random::new(seed);
    let mut connection = None;
    let mut refused = 0;
    while refused < REFUSED / CLIENTS {
        let request = hostile(&mut random, good);
        let mut open = match connection.take() {
            Some(open) => open,
            None => client::connect(address).unwrap(),
        };
        let answer = ask(&mut open, &request);
        if !answer.is_empty() {
            assert!(answer.starts_with("HTTP/1.1 4"), "{answer}: {request:?}");
        }
        // Envoy itself refuses some of them, without a word from the filter, and hangs up.
        if answer.contains("x-fapi-interaction-id") {
            refused += 1;
            connection = (!answer.contains("connection: close")).then_some(open);
        }
    }
}

/// The head of the answer, as far as it came. Those of the filter have no body.
fn ask(connection: &mut TcpStream, request: &WireRequest) -> String {
    let (mut head, mut buffer) = (String::new(), [0; 4096]);
    // Envoy may have hung up in the middle of it.
    let mut more = connection.write_all(&request.to_bytes()).is_ok();
    while more && !head.contains("\r\n\r\n") {
        let read = connection.read(&mut buffer).unwrap_or_default();
        head.push_str(&String::from_utf8_lossy(&buffer[..read]));
        more = read > 0;
    }
    head
}

/// A request whose `DPoP` or `Authorization` at least is spoiled.
fn hostile(random: &mut Random, good: &WireRequest) -> WireRequest {
    let method = *random.one_of(&["GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"]);
    let mut request = WireRequest::new(method, target(random));
    let spoiled = *random.one_of(&["authorization", "dpop"]);
    for name in READ {
        let kept = good.lines(name).next();
        match kept {
            Some(value) if name != spoiled && random.below(3) == 0 => {
                request = request.header(name, value);
            }
            Some(value) if random.below(3) == 0 => {
                request = request.header(name, altered(random, value));
            }
            _ => {
                for _ in 0..random.below(3) {
                    request = request.header(name, value(random));
                }
            }
        }
    }
    request
}

fn target(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => {
            let bytes = random.bytes(30).into_iter();
            let printable = bytes.map(|byte| 0x21 + byte % 0x5e);
            [b"/".to_vec(), printable.collect()].concat()
        }
        1 => b"/accounts?access_token=x".to_vec(),
        2 => b"/accounts/%ff%00..;/x".to_vec(),
        _ => b"/accounts".to_vec(),
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    let length = *random.one_of(&[8, 8, 40, 40, 40, 200, 2000]);
    let bytes = random.bytes(length);
    // Control characters are Envoy's to refuse.
    let sendable = |byte: &u8| *byte >= 0x20 && *byte != 0x7f;
    let text = || bytes.iter().copied().filter(sendable).collect::<Vec<_>>();
    match random.below(8) {
        0 if random.below(8) == 0 => bytes,
        0 | 1 => [b"DPoP ".to_vec(), text()].concat(),
        2 => [b"DPoP \xff\xff ".to_vec(), text()].concat(),
        3 => {
            let header = r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC"}}"#;
            let jws = [b64(header), b64(&bytes), b64(random.bytes(64))];
            jws.join(".").into_bytes()
        }
        4 => format!(
            "Hash={};Cert=\"%ff{}\"",
            b64(&bytes),
            "%00".repeat(random.below(9))
        )
        .into(),
        5 => vec![0xff; bytes.len()],
        6 => [b"Bearer ".to_vec(), text(), b",DPoP x".to_vec()].concat(),
        _ => text(),
    }
}

/// The value with one byte changed, that can still be sent.
fn altered(random: &mut Random, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    // Behind the scheme, whose case does not matter.
    let place = 5 + random.below(value.len() - 5);
    value[place] = match random.below(3) {
        0 => 0xff,
        1 if value[place] != b'.' => b'.',
        _ => value[place] ^ 1,
    };
    value
}
