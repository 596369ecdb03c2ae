//! What operators and clients are told.

use std::io::Write as _;

use fapi_tests::envoy::{READINESS_PATH, Stats};
use fapi_tests::host::client;
use fapi_tests::wire::WireRequest;
use serde_json::{Value, json};
use tower_fapi::testing::now;

use crate::cast::*;

const METADATA: &str = "/.well-known/oauth-protected-resource";

#[test]
fn metadata_and_readiness_are_answered_without_the_upstream() {
    let cast = Cast::new();
    let envoy = cast.envoy(&cast.config());
    let address = envoy.listener("api");
    let answer = send(address, &WireRequest::new("GET", METADATA));
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type").collect::<Vec<_>>(),
        ["application/json"]
    );
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(document["resource"], API);
    assert_eq!(document["authorization_servers"], json!([ISSUER]));
    assert_eq!(status(address, &WireRequest::new("HEAD", METADATA)), 200);
    assert_eq!(status(address, &WireRequest::new("POST", METADATA)), 401);
    assert_eq!(
        status(address, &WireRequest::new("GET", READINESS_PATH)),
        200
    );
    assert_eq!(cast.upstream.take(), []);
}

#[test]
fn grpc_is_answered_in_trailers_alone() {
    let cast = Cast::new();
    let envoy = cast.envoy(&cast.config());
    let address = envoy.listener("api");
    let grpc = |request: WireRequest| request.header("Content-Type", "application/grpc");
    let cases = [
        (grpc(cast.good().without("DPoP")), 16),
        (grpc(cast.good().header("Authorization", "Bearer x")), 3),
    ];
    for (request, code) in cases {
        let answer = send(address, &request);
        assert_eq!(answer.grpc, Some(code), "{answer:?}");
        assert_eq!(answer.challenges().len(), 1, "{answer:?}");
        assert_eq!(
            answer.header("cache-control").collect::<Vec<_>>(),
            ["no-store"]
        );
    }
    assert_eq!(status(address, &grpc(cast.good())), 200);
}

#[test]
fn report_only_refuses_nothing_and_counts() {
    let cast = Cast::new();
    let mut config = cast.config();
    config["mode"] = "report_only".into();
    config["envoy"]["claim_headers"] = json!([{ "claim": "sub", "header": "x-fapi-sub" }]);
    let envoy = cast.envoy(&config);
    let address = envoy.listener("api");
    let bad = cast.good().without("DPoP").header("x-fapi-sub", "mallory");
    assert_eq!(status(address, &bad), 200);
    let [seen] = &cast.upstream.take()[..] else {
        panic!()
    };
    assert_eq!(seen.header("x-fapi-sub").count(), 0);
    assert_eq!(seen.header("authorization").count(), 1);
    assert_eq!(status(address, &cast.good()), 200);
    let [seen] = &cast.upstream.take()[..] else {
        panic!()
    };
    assert!(seen.header("x-fapi-sub").eq([b"alice"]));
    let stats = envoy.filter_stats();
    assert_eq!(
        stats.get("wasmcustom.fapi.reported.proof_missing"),
        1,
        "{stats:?}"
    );
    assert_eq!(stats.get("wasmcustom.fapi.accepted"), 1, "{stats:?}");
    assert_eq!(refused(&stats), 0);
}

#[test]
fn each_reason_is_counted_and_logged_with_the_interaction_id() {
    let cast = Cast::new();
    let envoy = cast.envoy(&cast.config());
    let address = envoy.listener("api");
    let token = cast.token().build();
    let good = cast.good();
    assert_eq!(status(address, &good), 200);
    let expired = cast.token().expires_at(now().plus(-10)).build();
    let cases = [
        ("proof_replayed", good),
        ("proof_missing", cast.good().without("DPoP")),
        (
            "proof_too_old",
            request(
                &token,
                &cast.proof(&token).issued_at(now().plus(-100)).build(),
            ),
        ),
        ("token_expired", cast.with_token(&expired)),
    ];
    for (reason, request) in cases {
        let before = envoy.filter_stats();
        let answer = send(address, &request);
        assert_eq!(answer.status, 401);
        let after = envoy.filter_stats();
        let grown: Vec<&str> = after.grown(&before, "wasmcustom.fapi.").collect();
        assert_eq!(grown, [format!("refused.{reason}")]);
        let id = answer.header("x-fapi-interaction-id").next().unwrap();
        envoy.until_logged(&format!("reason={reason} status=401 interaction_id={id}"));
    }
}

fn refused(stats: &Stats) -> u64 {
    stats
        .containing("fapi.refused.")
        .map(|(_, count)| count)
        .sum()
}

#[test]
fn a_client_that_goes_away_while_it_waits_harms_nobody() {
    let cast = Cast::new();
    let envoy = cast.envoy(&cast.config());
    let address = envoy.listener("api");
    for request in [cast.good(), cast.good().without("DPoP")] {
        let mut connection = client::connect(address).unwrap();
        connection.write_all(&request.to_bytes()).unwrap();
    }
    assert_eq!(status(address, &cast.good()), 200);
}
