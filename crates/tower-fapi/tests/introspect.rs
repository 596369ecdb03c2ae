//! Questions to introspection endpoints over HTTP: what is asked, and what counts as an answer.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod introspect_support;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::KeySet;
use fapi_core::config::{
    AlgorithmName, ClientAuth, ConfigError, HttpConfig, IntrospectionConfig, PrivateKey,
    PrivateKeyJwt, Secret, TlsClientAuth,
};
use fapi_core::jose::{AssertionRules, UnverifiedAssertion};
use fapi_crypto::{PROVIDER, SigningKey};
use introspect_support::*;
use serde_json::{Value, json as value};
use tower_fapi::introspect::{HttpIntrospector, client_builder};
use tower_fapi::ports::IntrospectionBody;

fn plain(server: &Server) -> HttpIntrospector {
    introspector(endpoint(&server.origin, &signing_key()))
}

fn with_http(server: &Server, change: impl FnOnce(&mut HttpConfig)) -> HttpIntrospector {
    let mut config = config(endpoint(&server.origin, &signing_key()));
    change(config.http.get_or_insert_default());
    with_config(&config)
}

/// Gives up early.
fn impatient(server: &Server) -> HttpIntrospector {
    with_http(server, |http| http.timeout_ms = 200)
}

/// Reads little.
fn frugal(server: &Server) -> HttpIntrospector {
    with_http(server, |http| http.max_introspection_bytes = 1024)
}

#[tokio::test]
async fn a_question_as_the_rfc_has_it() {
    let server = Server::always(json(&active())).await;
    let answer = ask(&plain(&server), TOKEN).await;
    assert_eq!(answer, Ok(IntrospectionBody::Json(active())));

    let received = server.received();
    let [request] = &*received else {
        panic!("{} requests", received.len());
    };
    assert!(request.head.starts_with("POST /introspect?v=1 HTTP/1.1"));
    assert!(!request.head.contains(TOKEN));
    assert_eq!(
        request.header("content-type"),
        ["application/x-www-form-urlencoded"]
    );
    assert_eq!(request.header("accept"), ["application/json"]);
    for absent in ["authorization", "accept-encoding", "cookie", "referer"] {
        assert!(request.header(absent).is_empty(), "{absent}");
    }
    let form = request.form();
    assert_eq!(form["token"], TOKEN);
    assert_eq!(form["token_type_hint"], "access_token");
    let names: Vec<_> = form.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "client_assertion",
            "client_assertion_type",
            "token",
            "token_type_hint"
        ]
    );
}

#[tokio::test]
async fn a_signed_answer_is_asked_for_and_reported_as_such() {
    let signed = response(
        "200 OK",
        "application/token-introspection+jwt",
        "eyJh.eyJi.c2ln",
    );
    let server = Server::always(signed).await;
    let mut endpoint = endpoint(&server.origin, &signing_key());
    endpoint.signed_response = true;
    let answer = ask(&introspector(endpoint), TOKEN).await;
    assert_eq!(
        answer,
        Ok(IntrospectionBody::Jwt("eyJh.eyJi.c2ln".to_owned()))
    );
    assert_eq!(
        server.received()[0].header("accept"),
        ["application/token-introspection+jwt"]
    );
}

/// The core refuses it: what came is told, whatever the body looks like.
#[tokio::test]
async fn o06_an_unsigned_answer_where_a_signed_one_is_wanted_is_reported_as_unsigned() {
    for body in [active(), "eyJh.eyJi.c2ln".to_owned()] {
        let server = Server::always(json(&body)).await;
        let mut endpoint = endpoint(&server.origin, &signing_key());
        endpoint.signed_response = true;
        let answer = ask(&introspector(endpoint), TOKEN).await;
        assert_eq!(answer, Ok(IntrospectionBody::Json(body)));
    }
}

#[tokio::test]
async fn o15_a_token_is_encoded_once() {
    let server = Server::always(json(&active())).await;
    let introspector = plain(&server);
    let tokens = [
        "a&token_type_hint=x&client_id=evil",
        "a+b c=d",
        "100%25",
        "%",
        "\u{e9}\u{1f600}",
        "a\r\nHost: evil",
        "a;b#c?d/e~f",
    ];
    for token in tokens {
        assert!(ask(&introspector, token).await.is_ok());
    }
    let received = server.received();
    assert_eq!(received.len(), tokens.len());
    for (request, token) in received.iter().zip(tokens) {
        let form = request.form();
        assert_eq!(form["token"], token);
        assert_eq!(form["token_type_hint"], "access_token");
        assert_eq!(form.len(), 4, "{token}");
        assert!(request.head.starts_with("POST /introspect?v=1 HTTP/1.1"));
    }
}

#[tokio::test]
async fn assertions_are_what_fapi_2_asks_for() {
    let server = Server::always(json(&active())).await;
    let key = signing_key().with_kid("k-1");
    let introspector = introspector(endpoint(&server.origin, &key));
    for token in ["one", "two"] {
        assert!(ask(&introspector, token).await.is_ok());
    }
    let keys = value!({ "keys": [key.public_jwk()] }).to_string();
    let keys = KeySet::from_json(keys.as_bytes()).unwrap();
    let rules = AssertionRules {
        audience: AS,
        max_lifetime_seconds: 60,
        future_seconds: 0,
    };
    let mut replay_keys = Vec::new();
    for request in server.received() {
        let form = request.form();
        assert_eq!(
            form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let assertion = UnverifiedAssertion::parse(&form["client_assertion"]).unwrap();
        let assertion = assertion.verify(&keys, &rules, &PROVIDER, NOW).unwrap();
        assert_eq!(assertion.client_id(), CLIENT_ID);
        assert_eq!(assertion.expires(), NOW.plus(60));
        assert_eq!(assertion.made_at(), Some(NOW));
        replay_keys.push(assertion.replay_key());
    }
    assert_eq!(replay_keys.len(), 2);
    assert_ne!(replay_keys[0], replay_keys[1]);
}

/// The JOSE header of the assertion that a key with these settings signs.
async fn header_of(jwk: Value, change: impl FnOnce(&mut PrivateKeyJwt)) -> Value {
    let server = Server::always(json(&active())).await;
    let mut auth = PrivateKeyJwt::new(PrivateKey::Jwk(jwk.to_string()));
    change(&mut auth);
    let mut endpoint = endpoint(&server.origin, &signing_key());
    endpoint.client_auth = auth.into();
    assert!(ask(&introspector(endpoint), TOKEN).await.is_ok());
    let received = server.received();
    let mut form = received.first().unwrap().form();
    let assertion = form.remove("client_assertion").unwrap();
    let header = assertion.split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice(&header).unwrap()
}

#[tokio::test]
async fn alg_and_kid_are_the_configured_ones() {
    let key = SigningKey::generate(fapi_core::jose::Algorithm::EdDsa).unwrap();
    let named = key.to_private_jwk().unwrap();
    let mut nameless = named.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    assert_eq!(
        header_of(nameless.clone(), |_| {}).await,
        value!({ "alg": "EdDSA", "typ": "JWT" })
    );
    assert_eq!(
        header_of(named, |_| {}).await,
        value!({ "alg": "EdDSA", "typ": "JWT", "kid": key.kid() })
    );
    let changed = header_of(nameless, |auth| {
        auth.alg = Some(AlgorithmName::Ed25519);
        auth.kid = Some("other".to_owned());
    });
    assert_eq!(
        changed.await,
        value!({ "alg": "Ed25519", "typ": "JWT", "kid": "other" })
    );
}

fn refused(change: impl FnOnce(&mut IntrospectionConfig)) -> ConfigError {
    let mut endpoint = endpoint("https://as.example.com", &signing_key());
    change(&mut endpoint);
    HttpIntrospector::new(&config(endpoint)).unwrap_err()
}

#[test]
fn keys_that_cannot_sign_are_found_at_the_start() {
    let path = "issuers[0].introspection.client_auth.private_key_jwt";
    let error = refused(|endpoint| {
        let jwk = signing_key().to_private_jwk().unwrap().to_string();
        let mut auth = PrivateKeyJwt::new(PrivateKey::Jwk(jwk));
        auth.alg = Some(AlgorithmName::Ps256);
        endpoint.client_auth = auth.into();
    });
    let problem = format!("{path}.alg: the key signs with ES256");
    assert!(error.to_string().ends_with(&problem), "{error}");

    let places = [
        PrivateKey::Jwk(signing_key().public_jwk().to_string()),
        Secret::Env("TOWER_FAPI_NO_SUCH_VARIABLE".to_owned()).into(),
        Secret::File("/nonexistent/key.jwk".to_owned()).into(),
    ];
    for key in places {
        let error = refused(|endpoint| endpoint.client_auth = PrivateKeyJwt::new(key).into());
        assert!(
            error.to_string().contains(&format!("{path}.key")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_certificate_is_the_clients_and_the_form_names_us() {
    let server = Server::always(json(&active())).await;
    let mut endpoint = endpoint(&server.origin, &signing_key());
    endpoint.client_auth = ClientAuth::TlsClientAuth(TlsClientAuth::default());
    let config = config(endpoint);
    let error = HttpIntrospector::new(&config).unwrap_err().to_string();
    assert!(error.contains("client_auth.tls_client_auth"), "{error}");

    let client = client_builder(&config).user_agent("ours").build().unwrap();
    let introspector = HttpIntrospector::builder(&config).client(client).build();
    assert!(ask(&introspector.unwrap(), TOKEN).await.is_ok());
    let received = server.received();
    assert_eq!(received[0].header("user-agent"), ["ours"]);
    let form = received[0].form();
    assert_eq!(form["client_id"], CLIENT_ID);
    assert!(!form.contains_key("client_assertion"));
}

#[tokio::test]
async fn o07_o08_other_statuses_are_no_answer_and_are_asked_once() {
    for status in [
        "201 Created",
        "204 No Content",
        "206 Partial Content",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
    ] {
        let server = Server::always(response(status, "application/json", &active())).await;
        assert!(ask(&plain(&server), TOKEN).await.is_err(), "{status}");
        assert_eq!(server.received().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn o10_what_does_not_say_that_it_is_an_answer_is_none() {
    let body = active();
    let bare = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let with = |lines: &str| bare.replacen("\r\n", &format!("\r\n{lines}\r\n"), 1);
    let json = "content-type: application/json";
    for bytes in [
        bare.clone(),
        with("content-type: text/html"),
        with("content-type: text/plain"),
        with("content-type: application/jwt"),
        with("content-type: application/jsonp"),
        with(&format!("{json}\r\n{json}")),
        with(&format!("{json}\r\ncontent-encoding: gzip")),
        with(&format!("{json}\r\ncontent-encoding: identity")),
        "SSH-2.0-OpenSSH\r\n".to_owned(),
        String::new(),
    ] {
        let server = Server::always(bytes.clone()).await;
        assert!(ask(&plain(&server), TOKEN).await.is_err(), "{bytes:?}");
    }
    // The same with a content type is one.
    let server = Server::always(with(json)).await;
    assert!(ask(&plain(&server), TOKEN).await.is_ok());
}

#[tokio::test]
async fn o10_a_body_that_is_cut_off_or_no_text_is_none() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let cut = format!("{head}content-length: 100\r\n\r\n{}", active());
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n5\r\n{{\"act");
    let mut latin = format!("{head}content-length: 1\r\n\r\n").into_bytes();
    latin.push(0xe9);
    for bytes in [cut.into_bytes(), chunked.into_bytes(), latin] {
        let server = Server::always(bytes).await;
        assert!(ask(&plain(&server), TOKEN).await.is_err());
    }
}

#[tokio::test]
async fn o10_large_bodies_are_not_read_to_the_end() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let announced = format!("{head}content-length: 10485760\r\n\r\n");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    let until_the_end = format!("{head}connection: close\r\n\r\n");
    for (head, chunk) in [
        (announced, &b" "[..]),
        (chunked, b"8\r\n        \r\n"),
        (until_the_end, b"        "),
    ] {
        let server = Server::start(move |_| Reply::Endless(head.clone().into(), chunk)).await;
        assert!(ask(&frugal(&server), TOKEN).await.is_err());
        assert_eq!(server.received().len(), 1);
    }
    for (length, accepted) in [(1024, true), (1025, false)] {
        let body = format!("{}{}", active(), " ".repeat(length - active().len()));
        let unannounced = format!("{head}connection: close\r\n\r\n{body}").into_bytes();
        for bytes in [json(&body), unannounced] {
            let server = Server::always(bytes).await;
            let answer = ask(&frugal(&server), TOKEN).await;
            assert_eq!(answer.is_ok(), accepted, "{length}");
        }
    }
}

#[tokio::test]
async fn o09_an_endpoint_that_is_slow_or_away_is_given_up() {
    let silent = Server::start(|_| Reply::Silence).await;
    assert!(ask(&impatient(&silent), TOKEN).await.is_err());
    assert!(silent.received().len() <= 1);

    // It begins to answer, and then goes on for ever.
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n".to_vec();
    let dripping = Server::start(move |_| Reply::Endless(head.clone(), b"x: y\r\n")).await;
    assert!(ask(&impatient(&dripping), TOKEN).await.is_err());

    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let introspector = introspector(endpoint(&origin, &signing_key()));
    assert!(ask(&introspector, TOKEN).await.is_err());
}

/// A client of the application's may know no time-out: ours counts.
#[tokio::test]
async fn the_time_out_is_ours_whoever_made_the_client() {
    let silent = Server::start(|_| Reply::Silence).await;
    let mut config = config(endpoint(&silent.origin, &signing_key()));
    let mut http = HttpConfig::default();
    http.timeout_ms = 100;
    config.http = Some(http);
    let introspector = HttpIntrospector::builder(&config)
        .client(reqwest::Client::new())
        .build();
    assert!(ask(&introspector.unwrap(), TOKEN).await.is_err());
}

#[tokio::test]
async fn o20_redirects_are_not_followed() {
    let target = Server::always(json(&active())).await;
    for status in [301, 302, 303, 307, 308] {
        let to = target.origin.clone();
        let redirect = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {to}/introspect\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n"
        );
        let server = Server::always(redirect).await;
        assert!(ask(&plain(&server), TOKEN).await.is_err(), "{status}");
        assert_eq!(server.received().len(), 1);
    }
    assert!(target.received().is_empty());

    // With a client that follows them the answer is still refused.
    let to = target.origin.clone();
    let server = Server::always(format!(
        "HTTP/1.1 307 Moved\r\nlocation: {to}/introspect\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let config = config(endpoint(&server.origin, &signing_key()));
    let introspector = HttpIntrospector::builder(&config)
        .client(reqwest::Client::new())
        .build();
    assert!(ask(&introspector.unwrap(), TOKEN).await.is_err());
    assert_eq!(target.received().len(), 1);
}

#[tokio::test]
async fn o23_after_an_outage_the_next_question_is_answered() {
    let server = Server::start(|number| {
        Reply::Bytes(if number < 20 {
            response("503 Service Unavailable", "text/plain", "")
        } else {
            json(&active())
        })
    })
    .await;
    let introspector = plain(&server);
    for _ in 0..20 {
        assert!(ask(&introspector, TOKEN).await.is_err());
    }
    assert!(ask(&introspector, TOKEN).await.is_ok());
}

#[tokio::test]
async fn an_issuer_without_an_endpoint_is_not_asked() {
    let server = Server::always(json(&active())).await;
    let introspector = plain(&server);
    let query = fapi_core::IntrospectionQuery {
        issuer: "https://other.example.com",
        token: TOKEN,
    };
    let answer = tower_fapi::ports::Introspector::introspect(&introspector, query);
    assert!(matches!(answer, tower_fapi::ports::Answer::Now(Err(_))));
    assert!(server.received().is_empty());
}

#[test]
fn outside_of_a_runtime_there_is_no_answer_and_no_panic() {
    let introspector = introspector(endpoint("https://as.example.com", &signing_key()));
    let query = fapi_core::IntrospectionQuery {
        issuer: AS,
        token: TOKEN,
    };
    let answer = tower_fapi::ports::Introspector::introspect(&introspector, query);
    assert!(matches!(answer, tower_fapi::ports::Answer::Now(Err(_))));
}

#[test]
fn debug_shows_neither_keys_nor_answers() {
    let key = signing_key();
    let jwk = key.to_private_jwk().unwrap();
    let config = config(endpoint("https://as.example.com", &key));
    let builder = HttpIntrospector::builder(&config);
    let shown: BTreeSet<String> = [
        format!("{builder:?}"),
        format!("{:?}", builder.build().unwrap()),
        format!("{:?}", IntrospectionBody::Json(TOKEN.to_owned())),
        format!("{:?}", IntrospectionBody::Jwt(TOKEN.to_owned())),
    ]
    .into();
    assert_eq!(shown.len(), 4);
    for text in shown {
        assert!(!text.contains(TOKEN), "{text}");
        assert!(!text.contains(jwk["d"].as_str().unwrap()), "{text}");
    }
}
