//! The filter loads, and does at all what it is for.

use fapi_tests::envoy::{Bootstrap, Envoy, Listener, READINESS_PATH, Server, fapi};
use fapi_tests::host::client;
use fapi_tests::wire::WireRequest;
use serde_json::{Value, json};
use tower_fapi::testing::{TestClient, TestIssuer, now};

#[test]
fn a_proof_is_accepted_once_and_the_credentials_stay_in_envoy() {
    let issuer = TestIssuer::new("https://as.example.com");
    let upstream = Server::upstream();
    let mut config = json!(issuer.config("https://api.example.com"));
    config["envoy"] = json!({ "readiness_path": READINESS_PATH });
    let envoy = Envoy::start(&bootstrap(&upstream, "smoke", &config));
    let address = envoy.listener("api");

    let client = TestClient::new();
    let token = issuer.token(client.thumbprint(), now()).build();
    let proof = client.proof("GET", "https://api.example.com/accounts", now());
    let request = WireRequest::new("GET", "/accounts")
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof.token(&token).build());
    let status = |request: &WireRequest| client::status_of(address, request).unwrap();

    assert_eq!(status(&WireRequest::new("GET", READINESS_PATH)), 200);
    assert_eq!(status(&request), 200, "{}", envoy.log());
    assert_eq!(status(&request), 401, "{}", envoy.log());
    assert_eq!(status(&request.clone().without("DPoP")), 401);

    let seen = upstream.take();
    assert_eq!(seen.len(), 1, "{seen:?}");
    for name in ["authorization", "dpop"] {
        assert_eq!(seen[0].header(name).count(), 0, "{seen:?}");
    }
    let stats = envoy.filter_stats();
    assert_eq!(stats.get("wasmcustom.fapi.accepted"), 1, "{stats:?}");
}

#[test]
fn a_wrong_document_is_refused_and_named() {
    let upstream = Server::upstream();
    let wrong =
        json!({ "resource": "https://api.example.com", "issuers": [], "dpop": { "algs": 7 } });

    let log = Envoy::try_start(&bootstrap(&upstream, "smoke", &wrong))
        .err()
        .expect("Envoy does not start");

    assert!(log.contains("dpop.algs"), "{log}");
}

fn bootstrap(upstream: &Server, vm_id: &str, config: &Value) -> Bootstrap {
    Bootstrap::new()
        .cluster("upstream", upstream.address())
        .listener(Listener::new("api").filter(fapi(vm_id, config)))
}
