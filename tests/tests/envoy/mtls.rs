//! Tokens that are bound to a client certificate (RFC 8705).

use fapi_tests::envoy::{Envoy, Listener, fapi};
use fapi_tests::wire::WireRequest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cast::*;
use crate::pki::{Authority, Identity};

fn config(cast: &Cast, mtls: Value) -> Value {
    let mut config = cast.config();
    config["mtls"] = mtls;
    config["dpop"]["required"] = false.into();
    config
}

/// A token that is bound to this certificate alone.
fn token(cast: &Cast, bound_to: &Identity) -> String {
    let thumbprint = fapi_tests::forge::b64(Sha256::digest(&bound_to.der));
    cast.token()
        .confirmation(json!({ "x5t#S256": thumbprint }))
        .build()
}

/// The status of a request with this token over TLS.
fn request_over_tls(
    envoy: &Envoy,
    listener: &str,
    authority: &Authority,
    client: Option<&Identity>,
    token: &str,
) -> Option<u16> {
    let address = envoy.listener(listener);
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let mut builder = reqwest::Client::builder()
        .tls_certs_only([root])
        .no_proxy()
        .resolve("api.example.com", address);
    if let Some(Identity {
        certificate, key, ..
    }) = client
    {
        let identity = reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes());
        builder = builder.identity(identity.unwrap());
    }
    let client = builder.build().unwrap();
    let url = format!("https://api.example.com:{}/accounts", address.port());
    let request = client
        .get(url)
        .header("Authorization", format!("Bearer {token}"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let response = runtime.block_on(request.send());
    response.ok().map(|response| response.status().as_u16())
}

#[test]
fn the_certificate_of_the_connection_counts() {
    let cast = Cast::new();
    let authority = Authority::new();
    let server = authority.certify("api.example.com");
    let [alice, bob] = ["alice", "bob"].map(|name| authority.certify(name));
    let config = config(&cast, json!({ "certificate_from": "tls" }));
    let bootstrap = [("optional", false), ("required", true)].iter().fold(
        cast.bootstrap(),
        |bootstrap, (name, required)| {
            let mut context = server.context();
            context["require_client_certificate"] = (*required).into();
            context["common_tls_context"]["validation_context"] =
                json!({ "trusted_ca": { "inline_string": authority.pem() } });
            let listener = Listener::new(name).tls(context);
            bootstrap.listener(listener.filter(fapi("mtls", &config)))
        },
    );
    let envoy = Envoy::start(&bootstrap);
    let token = token(&cast, &alice);
    for name in ["optional", "required"] {
        let status = |client| request_over_tls(&envoy, name, &authority, client, &token);
        assert_eq!(status(Some(&alice)), Some(200), "{name}: {}", envoy.log());
        assert_eq!(status(Some(&bob)), Some(401), "{name}");
        match name {
            "optional" => assert_eq!(status(None), Some(401)),
            // The handshake fails.
            _ => assert_eq!(status(None), None),
        }
    }
    // A header says nothing here.
    let stats = envoy.filter_stats();
    assert_eq!(stats.get("wasmcustom.fapi.accepted"), 2, "{stats:?}");
}

#[test]
fn a_certificate_header_counts_from_a_trusted_hop_alone() {
    let cast = Cast::new();
    let authority = Authority::new();
    let [alice, bob] = ["alice", "bob"].map(|name| authority.certify(name));
    let listeners = [("trusted", "127.0.0.0/8"), ("untrusted", "10.0.0.0/8")];
    let bootstrap = listeners
        .iter()
        .fold(cast.bootstrap(), |bootstrap, (name, network)| {
            let mtls = json!({ "certificate_from": "xfcc", "trusted_proxies": [network] });
            let listener = Listener::new(name)
                .settings(|settings| {
                    settings["forward_client_cert_details"] = "ALWAYS_FORWARD_ONLY".into();
                })
                .filter(fapi(name, &config(&cast, mtls)));
            bootstrap.listener(listener)
        });
    let envoy = Envoy::start(&bootstrap);
    let token = token(&cast, &alice);
    let [trusted, untrusted] = listeners.map(|(name, _)| envoy.listener(name));
    let hash = |identity: &Identity| {
        let digest = Sha256::digest(&identity.der);
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let request =
        || WireRequest::new("GET", "/accounts").header("Authorization", format!("Bearer {token}"));
    let with =
        |hash: &str| request().header("X-Forwarded-Client-Cert", format!("By=x;Hash={hash}"));
    assert_eq!(
        status(trusted, &with(&hash(&alice))),
        200,
        "{}",
        envoy.log()
    );
    assert_eq!(status(trusted, &with(&hash(&bob))), 401);
    assert_eq!(status(trusted, &request()), 401);
    // The last hop's element counts.
    let two = with(&format!("{},By=y;Hash={}", hash(&alice), hash(&bob)));
    assert_eq!(status(trusted, &two), 401);
    assert_eq!(status(untrusted, &with(&hash(&alice))), 401);
}
