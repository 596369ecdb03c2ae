//! An issuer behind a socket, and a client that can do everything wrong.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Issuer, IssuerBuilder};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// The public address, which is not the one of the socket.
pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const TOKEN_ENDPOINT: &str = "https://as.example.com/token";
pub(crate) const API: &str = "https://api.example.com";
pub(crate) const START: i64 = 1_700_000_000;
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A running issuer with the client `client`, registered for `accounts payments`.
pub(crate) struct Server {
    pub(crate) issuer: Issuer,
    pub(crate) caller: Caller,
}

impl Deref for Server {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// Somebody who knows where an issuer listens.
pub(crate) struct Caller {
    pub(crate) clock: SimulatedClock,
    pub(crate) client_key: SigningKey,
    address: SocketAddr,
    http: hyper_util::client::legacy::Client<HttpConnector, Body>,
}

#[derive(Clone)]
pub(crate) struct SimulatedClock(Arc<AtomicI64>);

impl SimulatedClock {
    pub(crate) fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn error(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["error"].as_str().unwrap_or("none"),
        )
    }

    pub(crate) fn nonces(&self) -> Vec<&str> {
        self.headers
            .get_all("dpop-nonce")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }
}

pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap()
}

/// A text that was never given before.
pub(crate) fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("unique-{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

pub(crate) fn jwks(keys: &[&SigningKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// `claims` with `changes` over them; a change to null takes the member out.
fn changed(claims: Value, changes: &Value) -> Vec<u8> {
    let Value::Object(mut claims) = claims else {
        panic!("not an object");
    };
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    serde_json::to_vec(&claims).unwrap()
}

/// The form of these fields with `changes` over them.
fn form(fields: Value, changes: &Value) -> String {
    let fields: Map<String, Value> = serde_json::from_slice(&changed(fields, changes)).unwrap();
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value.as_str().unwrap())))
        .collect();
    pairs.join("&")
}

/// A part of a compact JWT, which the caller trusts.
pub(crate) fn part(jwt: &str, place: usize) -> Value {
    let part = jwt.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Algorithm::Es256, |builder| builder).await
    }

    pub(crate) async fn start_with(
        algorithm: Algorithm,
        set: impl FnOnce(IssuerBuilder) -> IssuerBuilder,
    ) -> Self {
        let clock = SimulatedClock::at(START);
        let client_key = key(algorithm);
        let client = Client::new("client", jwks(&[&client_key])).scope("accounts payments");
        let tell = clock.clone();
        let builder = Issuer::builder(ISSUER)
            .client(client)
            .default_audience(API)
            .clock(move || UnixTime::from_secs(tell.now()));
        let issuer = set(builder).build().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = issuer.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            issuer,
            caller: Caller::of(address, client_key, clock),
        }
    }

    /// The same server, seen by a client with this key.
    pub(crate) fn with_client_key(mut self, client_key: SigningKey) -> Self {
        self.caller.client_key = client_key;
        self
    }
}

impl Caller {
    pub(crate) fn of(address: SocketAddr, client_key: SigningKey, clock: SimulatedClock) -> Self {
        Self {
            clock,
            client_key,
            address,
            http: hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// The claims of an assertion as the conformance suite makes them, with changes.
    pub(crate) fn assertion_with(&self, changes: &Value) -> String {
        let header =
            json!({ "alg": self.client_key.algorithm().name(), "kid": self.client_key.kid() });
        self.assertion_headed(&header, changes)
    }

    pub(crate) fn assertion_headed(&self, header: &Value, changes: &Value) -> String {
        let now = self.clock.now();
        let claims = json!({
            "iss": "client", "sub": "client", "aud": ISSUER, "jti": unique(),
            "iat": now, "nbf": now, "exp": now + 60,
        });
        self.client_key
            .sign_compact(&header.to_string(), &changed(claims, changes))
            .unwrap()
    }

    pub(crate) fn assertion(&self) -> String {
        self.assertion_with(&json!({}))
    }

    pub(crate) fn proof_with(&self, key: &SigningKey, changes: &Value) -> String {
        let header = json!({ "typ": "dpop+jwt", "alg": key.algorithm().name(), "jwk": key.public_jwk_members() });
        let claims = json!({
            "jti": unique(), "htm": "POST", "htu": TOKEN_ENDPOINT, "iat": self.clock.now(),
        });
        key.sign_compact(&header.to_string(), &changed(claims, changes))
            .unwrap()
    }

    pub(crate) fn proof(&self, key: &SigningKey) -> String {
        self.proof_with(key, &json!({}))
    }

    /// A token request that is right, with changed form fields (null takes one out), and these proofs.
    pub(crate) async fn ask(&self, changes: Value, proofs: &[&str]) -> Answer {
        let fields = json!({
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(),
        });
        self.post(&form(fields, &changes), proofs).await
    }

    /// A POST of this form to the token endpoint.
    pub(crate) async fn post(&self, form: &str, proofs: &[&str]) -> Answer {
        let proofs: Vec<_> = proofs.iter().map(|proof| ("dpop", *proof)).collect();
        self.post_to("/token", form, &proofs).await
    }

    /// A POST of this form with these further header lines.
    pub(crate) async fn post_to(&self, path: &str, form: &str, lines: &[(&str, &str)]) -> Answer {
        self.send(self.posting(path, form, lines)).await
    }

    pub(crate) fn posting(&self, path: &str, form: &str, lines: &[(&str, &str)]) -> Request<Body> {
        let mut request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(Body::from(form.to_owned())).unwrap()
    }

    /// A request about this token by whoever `id` and `key` are, with changed form fields.
    pub(crate) async fn about(
        &self,
        path: &str,
        who: (&str, &SigningKey),
        changes: &Value,
        lines: &[(&str, &str)],
    ) -> Answer {
        let form = self.authenticated(who, changes);
        self.post_to(path, &form, lines).await
    }

    /// A form by whoever `id` and `key` are, with changed fields.
    pub(crate) fn authenticated(&self, (id, key): (&str, &SigningKey), changes: &Value) -> String {
        let header = json!({ "alg": key.algorithm().name(), "kid": key.kid() });
        let now = self.clock.now();
        let claims = json!({
            "iss": id, "sub": id, "aud": ISSUER, "jti": unique(), "iat": now, "exp": now + 60,
        });
        let assertion = key
            .sign_compact(&header.to_string(), claims.to_string().as_bytes())
            .unwrap();
        let fields = json!({
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        });
        form(fields, changes)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.try_to_send(request).await.unwrap()
    }

    /// What comes back, if the issuer lives for so long.
    pub(crate) async fn try_to_send(&self, request: Request<Body>) -> Option<Answer> {
        let response = self.http.request(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            text: String::from_utf8(body.to_vec()).unwrap(),
        })
    }
}

pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
