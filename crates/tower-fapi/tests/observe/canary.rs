//! No token, proof or claim is in a log line of the crate, at whatever level, or in a metric.

use axum::Router;
use axum::body::Body;
use fapi_core::config::{Mode, TokenFormat};
use http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tower_fapi::testing::{ProofBuilder, TestClient, signature};
use tower_fapi::{FapiConfig, FapiLayer, IssuerConfig};
use tracing_subscriber::filter::LevelFilter;

use crate::introspect_support::{AS, Server, endpoint, json as response_of, response, signing_key};
use crate::log::{Log, listen};
use crate::setting::{API, Setting, bare, send, with_proof};
use crate::{app, logging, page};

/// In everything that a request says, and so in nothing that is logged.
const CANARY: &str = "canary";
const OPAQUE: &str = "rt_canary-token";

fn proof(setting: &Setting, client: &TestClient, token: &str) -> ProofBuilder {
    let proof = client.proof("GET", &format!("{API}/page"), setting.clock.now());
    proof.token(token).jti("canary-jti-of-proof")
}

/// An accepted request, and refusals of each stage.
fn requests(setting: &Setting) -> Vec<Request<Body>> {
    let now = setting.clock.now();
    let draft = || {
        let token = setting.token().scope("canary-scope");
        let token = token.subject("canary-sub").client_id("canary-client");
        token.claim("jti", "canary-jti").claim("x", "canary-claim")
    };
    let token = draft().build();
    let get = |token: &str, proof: ProofBuilder| {
        with_proof("GET", "/page?canary-query", token, &proof.build())
    };
    let by_client = |token: &str| proof(setting, &setting.client, token);
    let good = || get(&token, by_client(&token));
    let mut several = good();
    let second = "DPoP canary".parse().unwrap();
    several.headers_mut().append("authorization", second);
    let mut bearer = good();
    let value = format!("Bearer {token}").parse().unwrap();
    bearer.headers_mut().insert("authorization", value);
    let mut named = bare("GET", "/page");
    let value = "canary-id".parse().unwrap();
    named.headers_mut().insert("x-fapi-interaction-id", value);
    let expired = draft().expires_at(now.plus(-1)).build();
    let elsewhere = draft().audience("https://canary.example.com").build();
    let foreign = draft().claim("iss", "https://canary.example.com").build();
    let unknown_key = draft().header("kid", "canary-kid").build();
    let unsigned = draft().signature(signature::empty).build();
    vec![
        good(),
        // Again: a replay.
        good(),
        several,
        bearer,
        named,
        get("canary", by_client("canary")),
        with_proof("GET", "/page", &token, "canary"),
        get(&token, proof(setting, &TestClient::new(), &token)),
        get(&token, by_client(&token).htm("CANARY")),
        get(&token, by_client(&token).htu("https://canary.example.com/")),
        get(&token, by_client(&token).alg("canary")),
        get(&token, by_client(&token).nonce("canary-nonce")),
        get(&token, by_client(&token).issued_at(now.plus(-999))),
        get(&token, by_client("canary")),
        get(&token, by_client(&token).signature(signature::empty)),
        get(&expired, by_client(&expired)),
        get(&elsewhere, by_client(&elsewhere)),
        get(&foreign, by_client(&foreign)),
        get(&unknown_key, by_client(&unknown_key)),
        get(&unsigned, by_client(&unsigned)),
    ]
}

/// Sends requests and looks at what was logged meanwhile: one line about each at least, and nothing of what they say.
async fn sent(app: &Router, requests: Vec<Request<Body>>, log: &Log) -> String {
    let mut all = String::new();
    for request in requests {
        let mut secrets = vec![CANARY.to_owned()];
        for name in ["authorization", "dpop"] {
            for value in request.headers().get_all(name) {
                let parts = value.to_str().unwrap().split([' ', '.']);
                // The short ones are schemes and empty signatures.
                secrets.extend(parts.filter(|part| part.len() > 10).map(str::to_owned));
            }
        }
        log.take();
        send(app, request).await;
        let text = log.take();
        assert!(text.contains("interaction_id=\""), "{text}");
        for secret in secrets {
            assert!(
                !text.to_lowercase().contains(&secret.to_lowercase()),
                "{text}"
            );
        }
        all.push_str(&text);
    }
    all
}

#[tokio::test]
async fn no_part_of_a_request_is_logged() {
    let setting = Setting::new();
    let log = Log::default();
    let _logging = listen(logging(&log, LevelFilter::TRACE));
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    for mode in [Mode::Enforce, Mode::ReportOnly] {
        let app = app(&setting, setting.config().mode(mode));
        let text = sent(&app, requests(&setting), &log).await;
        assert!(text.contains("request accepted"), "{text}");
        assert!(text.contains("proof_replayed"), "{text}");
        assert!(text.contains("token_expired"), "{text}");
    }
    let counted = recorder.handle().render();
    assert!(counted.contains("binding_other_key"), "{counted}");
    assert!(!counted.to_lowercase().contains(CANARY), "{counted}");
}

#[tokio::test]
async fn nothing_that_an_issuer_says_is_logged() {
    let setting = Setting::new();
    let log = Log::default();
    let _logging = listen(logging(&log, LevelFilter::TRACE));
    let recorder = PrometheusBuilder::new().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let answer = |changes: Value| {
        let mut answer = json!({
            "active": true, "sub": "canary-sub", "client_id": "canary-client",
            "exp": setting.clock.now().plus(300).as_secs(),
            "cnf": { "jkt": setting.client.thumbprint().to_string() },
        });
        let members = answer.as_object_mut().unwrap();
        members.extend(changes.as_object().unwrap().clone());
        answer.to_string()
    };
    for (bytes, line) in [
        (response_of(&answer(json!({}))), "request accepted"),
        (
            response_of(&answer(json!({ "active": false }))),
            "token_inactive",
        ),
        (response_of(r#"{"active":"canary"}"#), "tower_fapi"),
        (
            response("401 Unauthorized", "text/plain", CANARY),
            "our own credentials",
        ),
        (response("500 Canary", "text/plain", CANARY), "status 500"),
    ] {
        let server = Server::always(bytes).await;
        let issuer = IssuerConfig::new(AS)
            .token_format(TokenFormat::Opaque)
            .introspection(endpoint(&server.origin, &signing_key()))
            .jwks(setting.issuer.jwks());
        let config = FapiConfig::builder(API)
            .issuer(issuer)
            .dangerous_allow_http_loopback()
            .build();
        let layer = FapiLayer::builder(config.unwrap())
            .clock(setting.clock.source())
            .build();
        let app = page(layer.unwrap());
        let proof = proof(&setting, &setting.client, OPAQUE).build();
        let request = with_proof("GET", "/page", OPAQUE, &proof);
        let text = sent(&app, vec![request], &log).await;
        assert!(text.contains(line), "{line}\n{text}");
        assert!(text.contains(r#"wait="introspection""#), "{text}");
        assert!(
            text.contains(&format!("fapi.introspect{{issuer=\"{AS}\"}}")),
            "{text}"
        );
    }
    let counted = recorder.handle().render();
    assert!(counted.contains("fapi_introspections_total"), "{counted}");
    assert!(!counted.to_lowercase().contains(CANARY), "{counted}");
}
