//! A request that waits, waits with all of it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use fapi_tests::envoy::{Bootstrap, Envoy, Listener, Reply, Server, fapi};
use fapi_tests::host::client;
use fapi_tests::wire::WireRequest;
use serde_json::json;
use tower_fapi::testing::{TestClient, TestIssuer, now};

/// Under this setting Envoy shows the filter the body of a request that it holds, and sends the headers on with it if the
/// filter lets the body go.
#[test]
fn the_body_does_not_take_a_request_past_the_filter() {
    let issuer = TestIssuer::new("https://as.example.com");
    let (release, released) = mpsc::channel();
    let (released, jwks) = (Mutex::new(released), issuer.jwks());
    let authority = Server::start(move |_| {
        released.lock().unwrap().recv().unwrap();
        Reply::new(200).body("application/json", jwks.clone())
    });
    let upstream = Server::upstream();
    let mut config = json!(issuer.config("https://api.example.com"));
    config["issuers"] =
        json!([{ "issuer": issuer.issuer(), "jwks_uri": "https://as.example.com/jwks" }]);
    config["envoy"] = json!({ "cluster": "as" });
    let mut filter = fapi("held", &config);
    filter["typed_config"]["config"]["allow_on_headers_stop_iteration"] = true.into();
    let bootstrap = Bootstrap::new()
        .cluster("upstream", upstream.address())
        .cluster("as", authority.address())
        .listener(Listener::new("api").filter(filter));
    let envoy = Envoy::start(&bootstrap);

    let client = TestClient::new();
    let token = issuer.token(client.thumbprint(), now()).build();
    let proof = client.proof("POST", "https://api.example.com/payments", now());
    let request = WireRequest::new("POST", "/payments")
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof.token(&token).build())
        .header("Content-Length", "5")
        .body("money");
    let mut connection = client::connect(envoy.listener("api")).unwrap();
    connection.write_all(&request.to_bytes()).unwrap();

    let mut answer = [0; 12];
    let patience = connection.read_timeout().unwrap();
    connection
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let early = connection.read(&mut answer).map_err(|error| error.kind());
    assert!(
        matches!(early, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)),
        "{early:?}"
    );
    assert_eq!(upstream.take(), []);

    release.send(()).unwrap();
    connection.set_read_timeout(patience).unwrap();
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200", "{}", envoy.log());
    let seen = upstream.take();
    assert_eq!((seen.len(), &*seen[0].body), (1, &b"money"[..]));
}
