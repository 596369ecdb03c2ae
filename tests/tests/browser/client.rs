//! A client that users come from and go back to: a web application with its own address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_crypto::{SigningKey, random_bytes};
use fapi_tests::assertion::authentication;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower_fapi::testing::{Algorithm, TestClient, now};

/// What users know it as.
pub(crate) const NAME: &str = "Budget & Savings";
pub(crate) const ID: &str = "budget";

#[derive(Clone)]
pub(crate) struct Client(Arc<Parts>);

struct Parts {
    url: String,
    issuer: String,
    http: reqwest::Client,
    key: SigningKey,
    dpop: TestClient,
    /// PKCE verifiers by `state`.
    started: Mutex<HashMap<String, String>>,
}

impl Client {
    /// One at this address, of this issuer, whose authority (PEM) it trusts.
    pub(crate) fn new(url: &str, issuer: &str, authority: &str) -> Self {
        let authority = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
        Self(Arc::new(Parts {
            url: url.to_owned(),
            issuer: issuer.to_owned(),
            // Whatever proxy the environment names, it does not lead to this machine.
            http: reqwest::Client::builder()
                .no_proxy()
                .tls_certs_only([authority])
                .build()
                .unwrap(),
            key: SigningKey::generate(Algorithm::Es256).unwrap(),
            dpop: TestClient::new(),
            started: Mutex::default(),
        }))
    }

    /// What is registered of it.
    pub(crate) fn registration(&self) -> Value {
        json!({
            "client_id": ID,
            "client_name": NAME,
            "jwks": { "keys": [self.0.key.public_jwk()] },
            "redirect_uris": [self.callback()],
            "grant_types": ["authorization_code", "refresh_token"],
            "authorization_details_types": ["payment_initiation"],
        })
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/", get(home))
            .route("/start", get(start))
            .route("/callback", get(callback))
            .route("/frame", get(frame))
            .with_state(self.clone())
    }

    /// A page with a link (`#start`), at which an authorization request with these parameters begins.
    pub(crate) fn page(&self, parameters: &[(&str, &str)]) -> String {
        format!("{}/?{}", self.0.url, encode(parameters))
    }

    /// A page with a frame that shows another page.
    pub(crate) fn frame(&self, shown: &str) -> String {
        format!("{}/frame?{}", self.0.url, encode(&[("shown", shown)]))
    }

    /// Where users come back.
    pub(crate) fn callback(&self) -> String {
        format!("{}/callback", self.0.url)
    }

    /// Redeems the code in what a user brought back.
    pub(crate) async fn redeem(&self, answer: &Value) -> Value {
        let state = answer["state"].as_str().unwrap();
        let verifier = self.0.started.lock().unwrap().remove(state).unwrap();
        let endpoint = format!("{}/token", self.0.issuer);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", answer["code"].as_str().unwrap()),
            ("redirect_uri", &self.callback()),
            ("code_verifier", &verifier),
        ];
        let proof = self.0.dpop.proof("POST", &endpoint, now()).build();
        let request = self.0.http.post(&endpoint).header("DPoP", proof);
        let response = request
            .form(&self.authenticated(&form))
            .send()
            .await
            .unwrap();
        let status = response.status();
        let tokens: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens
    }

    /// Pushes an authorization request (RFC 9126). Gives the `request_uri`.
    async fn push(&self, parameters: &[(&str, &str)]) -> String {
        let [state, verifier] = [random_text(), random_text()];
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let redirect_uri = self.callback();
        let own = [
            ("client_id", ID),
            ("response_type", "code"),
            ("redirect_uri", &redirect_uri),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let form = self.authenticated(&[&own, parameters].concat());
        let endpoint = format!("{}/par", self.0.issuer);
        let response = self.0.http.post(endpoint).form(&form).send().await.unwrap();
        let status = response.status();
        let pushed: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{pushed}");
        self.0.started.lock().unwrap().insert(state, verifier);
        pushed["request_uri"].as_str().unwrap().to_owned()
    }

    fn authenticated(&self, form: &[(&str, &str)]) -> Vec<(String, String)> {
        let form = form
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let authentication = authentication(ID, &self.0.key, &self.0.issuer);
        form.chain(authentication.map(|(name, value)| (name.to_owned(), value)))
            .collect()
    }
}

async fn home(RawQuery(query): RawQuery) -> Html<String> {
    let query = query.unwrap_or_default().replace('&', "&amp;");
    page(&format!(
        r#"<a id="start" href="/start?{query}">Connect to the bank</a>"#
    ))
}

async fn start(State(client): State<Client>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let request_uri = client.push(&parameters).await;
    let query = encode(&[("client_id", ID), ("request_uri", &request_uri)]);
    let location = format!("{}/authorize?{query}", client.0.issuer);
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

async fn callback(RawQuery(query): RawQuery) -> Html<String> {
    let query = query.unwrap_or_default();
    let answer: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    page(&format!(r#"<pre id="answer">{}</pre>"#, json!(answer)))
}

async fn frame(RawQuery(query): RawQuery) -> Html<String> {
    let query = query.unwrap_or_default();
    let (_, shown) = form_urlencoded::parse(query.as_bytes()).next().unwrap();
    page(&format!(r#"<iframe src="{shown}"></iframe>"#))
}

fn page(content: &str) -> Html<String> {
    // The icon: without one, browsers ask for a file that is not there, and say so on the console.
    let head = r#"<meta charset="utf-8"><title>Client</title><link rel="icon" href="data:,">"#;
    Html(format!(
        r#"<!doctype html><html lang="en"><head>{head}</head><body>{content}</body></html>"#
    ))
}

fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn random_text() -> String {
    let bytes: [u8; 32] = random_bytes().unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}
