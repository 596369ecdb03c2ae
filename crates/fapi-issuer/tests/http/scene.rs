//! A browser, a user and a client that walk through the authorization code flow.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, GrantType, StorageConfig, User, hash_password};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Answer, Caller, ISSUER, Server, encode, jwks, key};

pub(crate) const CALLBACK: &str = "https://client.example/callback";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

/// A server with a user and a client that may do everything.
pub(crate) struct Scene {
    pub(crate) server: Caller,
    pub(crate) dpop: SigningKey,
    pub(crate) cookies: HashMap<String, String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::registered(|client| client).await
    }

    /// One whose client is registered with these changes.
    pub(crate) async fn registered(set: impl FnOnce(Client) -> Client) -> Self {
        Self::of(set, StorageConfig::Memory).await
    }

    /// One that keeps things there.
    pub(crate) async fn kept_in(storage: StorageConfig) -> Self {
        Self::of(|client| client, storage).await
    }

    async fn of(set: impl FnOnce(Client) -> Client, storage: StorageConfig) -> Self {
        let client_key = key(Algorithm::Es256);
        let client = Client::new("app", jwks(&[&client_key]))
            .scope("openid accounts email offline_access")
            .redirect_uri(CALLBACK)
            .grant_type(GrantType::AuthorizationCode)
            .grant_type(GrantType::RefreshToken);
        let client = set(client);
        let mut user = User::new("alice", hash_password("wonderland").unwrap(), "user-1");
        user.claims
            .insert("email".to_owned(), json!("alice@example.com"));
        user.claims.insert("name".to_owned(), json!("Alice"));
        let server = Server::start_with(Algorithm::Es256, |builder| {
            // Some tests have keys of the client on this host.
            builder
                .client(client)
                .user(user)
                .storage(storage)
                .dangerous_allow_http_loopback()
        })
        .await;
        Self::with(server.with_client_key(client_key).caller)
    }

    /// A client `app` and a user `alice` of this server.
    pub(crate) fn with(server: Caller) -> Self {
        Self {
            server,
            dpop: key(Algorithm::Es256),
            cookies: HashMap::new(),
        }
    }

    /// Pushes a request, with changed parameters.
    pub(crate) async fn push(&self, changes: Value) -> Answer {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut fields = json!({
            "client_id": "app", "response_type": "code", "redirect_uri": CALLBACK,
            "scope": "openid accounts", "state": "the-state", "nonce": "the-nonce",
            "code_challenge": challenge, "code_challenge_method": "S256",
        });
        let members = fields.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        let who = ("app", &self.server.client_key);
        self.server.about("/par", who, &fields, &[]).await
    }

    pub(crate) async fn request_uri(&self, changes: Value) -> String {
        let answer = self.push(changes).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["request_uri"].as_str().unwrap().to_owned()
    }

    /// The browser goes to a place on this server.
    pub(crate) async fn open(&mut self, place: &str) -> Answer {
        let path = place.strip_prefix(ISSUER).unwrap_or(place).to_owned();
        self.browse(Method::GET, &path, None).await
    }

    pub(crate) async fn browse(
        &mut self,
        method: Method,
        path: &str,
        form: Option<String>,
    ) -> Answer {
        let request = self.visit(&self.server, method, path, form);
        let answer = self.server.send(request).await;
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// What the browser sends to this server.
    pub(crate) fn visit(
        &self,
        server: &Caller,
        method: Method,
        path: &str,
        form: Option<String>,
    ) -> Request<Body> {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = server.request(method, path);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if form.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let body = form.map_or_else(Body::empty, Body::from);
        request.body(body).unwrap()
    }

    /// Sends the form of a page, with these fields besides its hidden ones.
    pub(crate) async fn submit(
        &mut self,
        page: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let form = filled(page, fields);
        self.browse(Method::POST, path, Some(form)).await
    }

    /// The browser comes with a request: where it is sent.
    pub(crate) async fn begin(&mut self, request_uri: &str) -> String {
        let start = format!(
            "/authorize?client_id=app&request_uri={}",
            encode(request_uri)
        );
        let sent = self.open(&start).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        location(&sent)
    }

    /// From the request to the consent page.
    pub(crate) async fn log_in(&mut self, request_uri: &str) -> Answer {
        let page = self.begin(request_uri).await;
        self.log_in_at(&page).await
    }

    /// From the login page to the consent page.
    pub(crate) async fn log_in_at(&mut self, page: &str) -> Answer {
        let page = self.open(page).await;
        assert_eq!(page.status, 200, "{page:?}");
        let fields = [("username", "alice"), ("password", "wonderland")];
        let to_consent = self.submit(&page, "/login", &fields).await;
        assert_eq!(to_consent.status, 303, "{to_consent:?}");
        self.open(&location(&to_consent)).await
    }

    /// Where the client is called back.
    pub(crate) async fn decide(
        &mut self,
        consent: &Answer,
        decision: &str,
    ) -> HashMap<String, String> {
        let fields = [("decision", decision)];
        let back = self.submit(consent, "/consent", &fields).await;
        assert_eq!(back.status, 303, "{back:?}");
        let location = location(&back);
        let query = location
            .strip_prefix(CALLBACK)
            .unwrap()
            .strip_prefix('?')
            .unwrap();
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    pub(crate) async fn code(&mut self, changes: Value) -> String {
        let request_uri = self.request_uri(changes).await;
        let consent = self.log_in(&request_uri).await;
        let mut parameters = self.decide(&consent, "approve").await;
        parameters.remove("code").unwrap()
    }

    /// A token request with a proof of this key.
    pub(crate) async fn redeem(&self, fields: Value, holder: &SigningKey) -> Answer {
        let proof = self.server.proof(holder);
        let who = ("app", &self.server.client_key);
        let lines = [("dpop", proof.as_str())];
        self.server.about("/token", who, &fields, &lines).await
    }

    pub(crate) async fn tokens(&self, code: &str) -> Answer {
        self.redeem(of_code(code), &self.dpop).await
    }
}

/// The form of a page with its hidden fields and these.
pub(crate) fn filled(page: &Answer, fields: &[(&str, &str)]) -> String {
    let hidden = ["interaction", "csrf"].map(|name| (name, hidden(&page.text, name)));
    let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
    let pairs: Vec<_> = hidden
        .chain(fields.iter().copied())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

pub(crate) fn of_code(code: &str) -> Value {
    json!({
        "grant_type": "authorization_code", "code": code,
        "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
    })
}

pub(crate) fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let tag = page
        .split('<')
        .find(|tag| tag.contains(&format!("name=\"{name}\"")))
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let value = tag.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}
