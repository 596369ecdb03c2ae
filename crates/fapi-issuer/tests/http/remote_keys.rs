//! Clients that publish their keys at an address.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fapi_core::config::ConfigErrorKind;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Issuer};
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{API, Answer, ISSUER, START, Server, jwks, key};

/// The host of a client, which answers with what it is told to.
#[derive(Clone)]
pub(crate) struct Host {
    answer: Arc<Mutex<HostAnswer>>,
    asked: Arc<AtomicUsize>,
    pub(crate) uri: String,
}

#[derive(Clone)]
pub(crate) enum HostAnswer {
    Keys(String),
    Typed(&'static str, String),
    Status(StatusCode),
    Redirect(String),
}

impl Host {
    pub(crate) async fn start(answer: HostAnswer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/jwks", listener.local_addr().unwrap());
        let host = Self {
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
            uri,
        };
        let state = host.clone();
        let router = Router::new().fallback(move || {
            let state = state.clone();
            async move {
                state.asked.fetch_add(1, Ordering::SeqCst);
                let answer = state.answer.lock().unwrap().clone();
                answer.into_response()
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        host
    }

    pub(crate) fn set(&self, answer: HostAnswer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl IntoResponse for HostAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Keys(keys) => Self::Typed("application/json", keys).into_response(),
            Self::Typed(content_type, body) => {
                ([(header::CONTENT_TYPE, content_type)], body).into_response()
            }
            Self::Status(status) => status.into_response(),
            Self::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        }
    }
}

/// An issuer with the client `remote`, whose keys are at the host.
async fn server(host: &Host) -> Server {
    let client = Client::with_jwks_uri("remote", &host.uri).scope("accounts");
    Server::start_with(Algorithm::Es256, |builder| {
        builder.client(client).dangerous_allow_http_loopback()
    })
    .await
}

async fn ask(server: &Server, client_key: &SigningKey) -> Answer {
    let proof = server.proof(&key(Algorithm::Es256));
    let form = json!({ "grant_type": "client_credentials" });
    let who = ("remote", client_key);
    server
        .about("/token", who, &form, &[("dpop", &proof)])
        .await
}

fn keys(keys: &[&SigningKey]) -> HostAnswer {
    HostAnswer::Keys(jwks(keys))
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_requests() {
    let client_key = Arc::new(key(Algorithm::Es256));
    let host = Host::start(keys(&[&client_key])).await;
    let server = Arc::new(server(&host).await);
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let (server, client_key) = (Arc::clone(&server), Arc::clone(&client_key));
            tokio::spawn(async move { ask(&server, &client_key).await })
        })
        .collect();
    for answer in asking {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    assert_eq!(host.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_when_it_is_used() {
    let (old, new, other) = (
        key(Algorithm::Es256),
        key(Algorithm::Ps256),
        key(Algorithm::Es256),
    );
    let host = Host::start(keys(&[&old])).await;
    let server = server(&host).await;
    assert_eq!(ask(&server, &old).await.status, 200);
    host.set(keys(&[&old, &new]));
    assert_eq!(ask(&server, &new).await.status, 200);
    assert_eq!(host.asked(), 2);
    // Keys that nobody has make it fetch once more, and not for each of them.
    for _ in 0..5 {
        assert_eq!(ask(&server, &other).await.error(), (401, "invalid_client"));
    }
    assert_eq!(host.asked(), 3);
}

#[tokio::test]
async fn a_key_that_was_taken_back_serves_until_the_set_is_old() {
    let (old, new) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let host = Host::start(keys(&[&old])).await;
    let server = server(&host).await;
    assert_eq!(ask(&server, &old).await.status, 200);
    host.set(keys(&[&new]));
    server.clock.advance(299);
    assert_eq!(ask(&server, &old).await.status, 200);
    server.clock.advance(1);
    assert_eq!(ask(&server, &new).await.status, 200);
    assert_eq!(ask(&server, &old).await.error(), (401, "invalid_client"));
}

#[tokio::test]
async fn without_keys_nobody_is_told_that_the_client_is_wrong() {
    let client_key = key(Algorithm::Es256);
    let large = format!("{}{}", " ".repeat(256 * 1024), jwks(&[&client_key]));
    let elsewhere = Host::start(keys(&[&client_key])).await;
    for broken in [
        HostAnswer::Status(StatusCode::NOT_FOUND),
        HostAnswer::Status(StatusCode::INTERNAL_SERVER_ERROR),
        HostAnswer::Redirect(elsewhere.uri.clone()),
        HostAnswer::Typed("text/html", jwks(&[&client_key])),
        HostAnswer::Keys("{}".to_owned()),
        HostAnswer::Keys(large),
    ] {
        let host = Host::start(broken).await;
        let server = server(&host).await;
        let answer = ask(&server, &client_key).await;
        assert_eq!(answer.error(), (503, "temporarily_unavailable"));
        assert_eq!(answer.headers["retry-after"], "2");
        // It is left in peace for a second.
        assert_eq!(ask(&server, &client_key).await.status, 503);
        assert_eq!(host.asked(), 1);
        host.set(keys(&[&client_key]));
        server.clock.advance(2);
        assert_eq!(ask(&server, &client_key).await.status, 200);
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn old_keys_serve_while_the_host_is_down() {
    let (client_key, new) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let host = Host::start(keys(&[&client_key])).await;
    let server = server(&host).await;
    assert_eq!(ask(&server, &client_key).await.status, 200);
    host.set(HostAnswer::Status(StatusCode::BAD_GATEWAY));
    server.clock.advance(300);
    assert_eq!(ask(&server, &client_key).await.status, 200);
    // The host may have published this one.
    assert_eq!(ask(&server, &new).await.status, 503);
    server.clock.advance(3600);
    assert_eq!(ask(&server, &client_key).await.status, 503);
}

#[tokio::test]
async fn a_request_object_is_verified_with_the_keys_of_the_host() {
    let client_key = key(Algorithm::Es256);
    let host = Host::start(keys(&[&client_key])).await;
    let client = Client::with_jwks_uri("remote", &host.uri)
        .scope("accounts")
        .redirect_uri("https://client.example/callback");
    let server = Server::start_with(Algorithm::Es256, |builder| {
        builder.client(client).dangerous_allow_http_loopback()
    })
    .await;
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let push = async |signing_key: &SigningKey| {
        let header = json!({ "alg": "ES256", "kid": signing_key.kid() });
        let claims = json!({
            "iss": "remote", "client_id": "remote", "aud": ISSUER, "nbf": START, "exp": START + 300,
            "response_type": "code", "redirect_uri": "https://client.example/callback",
            "code_challenge": challenge, "code_challenge_method": "S256",
        });
        let object = signing_key
            .sign_compact(&header.to_string(), claims.to_string().as_bytes())
            .unwrap();
        let form = json!({ "request": object });
        server
            .about("/par", ("remote", &client_key), &form, &[])
            .await
    };
    let pushed = push(&client_key).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    let other = push(&key(Algorithm::Es256)).await;
    assert_eq!(other.error(), (400, "invalid_request_object"));
}

#[tokio::test]
async fn wrong_addresses_are_found_when_the_issuer_is_built() {
    let build = async |client: Client| {
        let builder = Issuer::builder(ISSUER).client(client).default_audience(API);
        builder.build().await.unwrap_err()
    };
    for wrong in [
        "",
        "client.example/jwks",
        "http://client.example/jwks",
        "http://127.0.0.1/jwks",
        "https://client.example/#keys",
        "https://name:secret@client.example/jwks",
    ] {
        let error = build(Client::with_jwks_uri("remote", wrong)).await;
        assert_eq!(error.path(), "clients[0].jwks_uri", "{wrong}");
    }
    let mut both = Client::new("remote", jwks(&[&key(Algorithm::Es256)]));
    both.jwks_uri = Some("https://client.example/jwks".to_owned());
    assert_eq!(build(both).await.path(), "clients[0].jwks_uri");
    let mut neither = Client::with_jwks_uri("remote", "");
    neither.jwks_uri = None;
    let error = build(neither).await;
    assert_eq!(
        (error.path(), error.kind()),
        ("clients[0].jwks", ConfigErrorKind::Missing)
    );
}
