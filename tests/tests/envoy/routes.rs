//! R31: what becomes of a request that Envoy routes again after the filter has seen it.

use std::net::SocketAddr;

use fapi_tests::envoy::{Bootstrap, Envoy, Listener, Reply, Server, fapi};
use fapi_tests::host::client;
use fapi_tests::wire::{Answer, WireRequest};
use serde_json::{Value, json};
use tower_fapi::testing::{TestClient, TestIssuer, now};

const RESOURCE: &str = "https://api.example.com";

#[test]
fn a_redirect_within_envoy_is_verified_anew() {
    for forward in [false, true] {
        let party = Party::new();
        let location = format!("{RESOURCE}/other");
        let upstream =
            Server::start(move |_| Reply::new(302).header("location", location.as_str()));
        let config = party.config(json!({ "forward": forward }));
        let listener = Listener::new("api").settings(|settings| {
            let route = &mut settings["route_config"]["virtual_hosts"][0]["routes"][0]["route"];
            route["internal_redirect_policy"] = json!({ "allow_cross_scheme_redirect": true });
        });
        let bootstrap = Bootstrap::new()
            .cluster("upstream", upstream.address())
            .listener(listener.filter(fapi("redirects", &config)));
        let envoy = Envoy::start(&bootstrap);

        let answer = send(envoy.listener("api"), &party.request("alice"));

        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(answer.challenges().len(), 1, "{answer:?}");
        let seen = upstream.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        let redirects = "cluster.upstream.upstream_internal_redirect_succeeded_total";
        let redirects = envoy.stats().get(redirects);
        assert_eq!(redirects, 1, "Envoy followed no redirect");
    }
}

/// R04 and R05 as well: what the client sends under the names of our headers is gone before a route is chosen.
#[test]
fn the_route_is_chosen_by_verified_claims_and_not_by_what_the_client_sent() {
    let party = Party::new();
    let (upstream, of_admins) = (Server::upstream(), Server::upstream());
    let claims = json!([{ "claim": "sub", "header": "x-fapi-sub" }]);
    let config = party.config(json!({ "claim_headers": claims }));
    let listener = Listener::new("api").settings(|settings| {
        let subject = json!({ "name": "x-fapi-sub", "string_match": { "exact": "admin" } });
        let route = json!({
            "match": { "prefix": "/", "headers": [subject] },
            "route": { "cluster": "admins" },
        });
        let routes = &mut settings["route_config"]["virtual_hosts"][0]["routes"];
        routes.as_array_mut().unwrap().insert(0, route);
    });
    let bootstrap = Bootstrap::new()
        .cluster("upstream", upstream.address())
        .cluster("admins", of_admins.address())
        .listener(listener.filter(fapi("routes", &config)));
    let envoy = Envoy::start(&bootstrap);
    let address = envoy.listener("api");

    for (subject, sent, admin) in [
        ("alice", &[][..], false),
        ("alice", &[("x-fapi-sub", "admin")], false),
        (
            "alice",
            &[("X_FAPI-Sub", "admin"), ("x_fapi_sub", "admin")],
            false,
        ),
        ("admin", &[], true),
        (
            "admin",
            &[("X-FAPI-Sub", "alice"), ("X-FAPI-Sub", "bob")],
            true,
        ),
    ] {
        let request = sent
            .iter()
            .fold(party.request(subject), |request, (name, value)| {
                request.header(name, *value)
            });
        assert_eq!(send(address, &request).status, 200, "{}", envoy.log());
        let (others, admins) = (upstream.take(), of_admins.take());
        assert_eq!(
            (others.len(), admins.len()),
            if admin { (0, 1) } else { (1, 0) },
            "{subject}, {sent:?}"
        );
        let seen = others.iter().chain(&admins).next().unwrap();
        let about_us = seen
            .headers
            .iter()
            .filter(|(name, _)| name.contains("fapi"));
        let told: Vec<_> = about_us
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .filter(|(name, _)| name.contains("sub"))
            .collect();
        assert_eq!(told, [("x-fapi-sub", subject.as_bytes())], "{sent:?}");
    }
}

/// R30: with the settings that a deployment should have, rules are about the path that the upstream gets.
#[test]
fn the_path_that_is_judged_is_the_one_that_goes_on() {
    let party = Party::new();
    let upstream = Server::upstream();
    let mut config = party.config(json!({}));
    config["rules"] = json!([
        { "path": "/healthz", "public": true },
        { "path": "/payments", "scopes": ["payments"] },
    ]);
    let listener = Listener::new("api").settings(|settings| {
        settings["normalize_path"] = true.into();
        settings["merge_slashes"] = true.into();
        settings["path_with_escaped_slashes_action"] = "REJECT_REQUEST".into();
    });
    let bootstrap = Bootstrap::new()
        .cluster("upstream", upstream.address())
        .listener(listener.filter(fapi("paths", &config)));
    let envoy = Envoy::start(&bootstrap);
    let address = envoy.listener("api");

    for (target, status) in [
        ("/healthz", 200),
        ("//healthz", 200),
        ("/payments/../healthz", 200),
        ("/payments/%2e%2e/healthz", 200),
        ("/payments", 401),
        ("/healthz/../payments", 401),
        ("/healthz/%2E%2e/payments", 401),
        ("//payments", 401),
        ("/healthz/..;/payments", 401),
        ("/healthz;/../payments", 401),
        ("/healthz%2f..%2fpayments", 400),
        ("/healthz%5c..%5cpayments", 400),
        ("/healthz\\..\\payments", 401),
    ] {
        let answer = send(address, &WireRequest::new("GET", target));
        let seen: Vec<String> = upstream
            .take()
            .into_iter()
            .map(|seen| seen.target)
            .collect();
        assert_eq!(answer.status, status, "{target}: {answer:?}");
        // Nothing but what is public goes on without a token, and under its plain name.
        let expected: &[&str] = if status == 200 { &["/healthz"] } else { &[] };
        assert_eq!(seen, expected, "{target}");
    }
}

struct Party {
    issuer: TestIssuer,
    client: TestClient,
}

impl Party {
    fn new() -> Self {
        Self {
            issuer: TestIssuer::new("https://as.example.com"),
            client: TestClient::new(),
        }
    }

    fn config(&self, envoy: Value) -> Value {
        let mut config = json!(self.issuer.config(RESOURCE));
        config["envoy"] = envoy;
        config
    }

    /// A good request of this subject.
    fn request(&self, subject: &str) -> WireRequest {
        let token = self.issuer.token(self.client.thumbprint(), now());
        let token = token.subject(subject).build();
        let url = format!("{RESOURCE}/accounts");
        let proof = self.client.proof("GET", &url, now()).token(&token);
        WireRequest::new("GET", "/accounts")
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", proof.build())
    }
}

fn send(address: SocketAddr, request: &WireRequest) -> Answer {
    let connection = client::connect(address);
    let answer = connection.and_then(|mut to| client::exchange(&mut to, request));
    answer.unwrap().0
}
