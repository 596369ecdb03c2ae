//! The issuer is asked about tokens through a cluster.

use std::sync::LazyLock;

use fapi_tests::envoy::{Envoy, Gate, Reply, Seen, Server};
use fapi_tests::forge::unb64;
use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestIssuer, TestKey, now};

use crate::cast::*;

const CLIENT: &str = "https://api.example.com/as-client";
const SIGNED: &str = "application/token-introspection+jwt";

/// A token about which the issuer takes its time.
const SLOW: &str = "rt_slow";

fn field(seen: &Seen, name: &str) -> String {
    let found = form_urlencoded::parse(&seen.body).find(|(named, _)| named == name);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

struct World {
    cast: Cast,
    issuer: Server,
    gate: Gate,
    envoy: Envoy,
}

fn start() -> World {
    let cast = Cast::new();
    let gate = Gate::default();
    let (waits, signer) = (gate.clone(), cast.issuer.clone());
    let active = json!({
        "active": true, "iss": ISSUER, "aud": API, "sub": "alice", "client_id": "client-1",
        "exp": now().plus(300).as_secs(), "cnf": { "jkt": cast.client.thumbprint().to_string() },
    });
    let issuer = Server::start(move |seen| {
        let answer = match &*field(seen, "token") {
            "rt_good" => active.clone(),
            SLOW => {
                waits.pass();
                active.clone()
            }
            "rt_broken" => return Reply::new(500),
            _ => json!({ "active": false }),
        };
        if seen
            .header("accept")
            .any(|accept| accept == SIGNED.as_bytes())
        {
            Reply::new(200).body(SIGNED, signed(&signer, &answer))
        } else {
            Reply::new(200).body("application/json", answer.to_string())
        }
    });
    let bootstrap = cast.bootstrap().cluster("as", issuer.address());
    let bootstrap =
        [("plain", false), ("signed", true)]
            .iter()
            .fold(bootstrap, |bootstrap, (name, signed)| {
                let mut config = cast.config();
                config["envoy"]["cluster"] = "as".into();
                config["envoy"]["timeout_ms"] = 1000.into();
                config["issuers"][0]["token_format"] = "opaque".into();
                config["issuers"][0]["introspection"] = json!({
                    "endpoint": format!("{ISSUER}/introspect"),
                    "client_id": CLIENT,
                    "client_auth": { "private_key_jwt": { "key": KEY.private_jwk() } },
                    "signed_response": signed,
                });
                bootstrap.listener(listener(name, name, &config))
            });
    let envoy = Envoy::start(&bootstrap);
    World {
        cast,
        issuer,
        gate,
        envoy,
    }
}

/// The key of the resource server as a client of the issuer.
static KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::generate(Algorithm::Es256));

/// RFC 9701 §5.
fn signed(issuer: &TestIssuer, answer: &Value) -> String {
    let claims = json!({
        "iss": ISSUER, "aud": CLIENT, "iat": now().as_secs(), "token_introspection": answer,
    });
    let thumbprint = issuer.key().thumbprint();
    let token = issuer.token(thumbprint, now());
    let token = token.header("typ", "token-introspection+jwt");
    token.raw_claims(claims.to_string()).build()
}

#[test]
fn the_issuers_word_decides_signed_or_not() {
    let world = start();
    for name in ["plain", "signed"] {
        let address = world.envoy.listener(name);
        let status = |token| status(address, &world.cast.with_token(token));
        assert_eq!(status("rt_good"), 200, "{name}: {}", world.envoy.log());
        assert_eq!(status("rt_other"), 401, "{name}");
        assert_eq!(status("rt_broken"), 503, "{name}");
        assert_eq!(status("rt_good"), 200, "{name}");
    }
    let asked = world.issuer.take();
    assert_eq!(asked.len(), 8);
    for seen in &asked {
        assert_eq!((&*seen.method, &*seen.target), ("POST", "/introspect"));
        let assertion = field(seen, "client_assertion");
        let claims = assertion.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&unb64(claims)).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&json!(CLIENT), &json!(CLIENT))
        );
        // FAPI 2.0 Security Profile §5.3.3.1: the issuer, as a string.
        assert_eq!(claims["aud"], ISSUER);
    }
    // Each assertion is new.
    let first = field(&asked[0], "client_assertion");
    assert_ne!(first, field(&asked[1], "client_assertion"));
}

#[test]
fn an_issuer_that_does_not_answer_in_time_gives_503_and_recovers() {
    let world = start();
    let address = world.envoy.listener("plain");
    let answer = send(address, &world.cast.with_token(SLOW));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.retry_after().is_some());
    assert!(answer.challenges().is_empty());
    world.gate.open();
    assert_eq!(status(address, &world.cast.with_token(SLOW)), 200);
    let stats = world.envoy.filter_stats();
    assert_eq!(stats.get("wasmcustom.fapi.introspection.failed"), 1);
}
