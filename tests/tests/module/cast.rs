//! An issuer, a client, and what they send.

use std::cell::RefCell;
use std::rc::Rc;

use fapi_tests::module::{Header, NOW, SharedData, Worker};
use fapi_tests::scene::ISSUER;
use serde_json::{Value, json};
use tower_fapi::testing::{TestClient, TestIssuer};

pub(crate) const API: &str = "https://api.example.com";

pub(crate) const JSON: [(&str, &str); 3] = [
    (":status", "200"),
    ("content-type", "application/json"),
    ("cache-control", "max-age=600"),
];

pub(crate) struct Cast {
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
    pub(crate) shared: Rc<RefCell<SharedData>>,
}

impl Cast {
    pub(crate) fn new() -> Self {
        Self {
            issuer: TestIssuer::new(ISSUER),
            client: TestClient::new(),
            shared: Rc::default(),
        }
    }

    pub(crate) fn jwks(&self) -> Value {
        serde_json::from_str(&self.issuer.jwks()).unwrap()
    }

    /// A configuration with the keys in it.
    pub(crate) fn document(&self) -> Value {
        json!({
            "resource": API,
            "issuers": [{ "issuer": ISSUER, "jwks": self.jwks() }],
            "dpop": { "replay": { "capacity": 10_000 } },
            "envoy": { "claim_headers": [{ "claim": "sub", "header": "x-fapi-sub" }] },
        })
    }

    /// A configuration whose keys are fetched.
    pub(crate) fn fetching(&self) -> Value {
        let mut document = self.document();
        document["issuers"] = json!([{ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") }]);
        document["envoy"]["cluster"] = "as".into();
        document["envoy"]["max_paused"] = 4.into();
        document
    }

    /// A configuration whose issuer is asked about each token.
    pub(crate) fn introspecting(&self) -> Value {
        let mut document = self.document();
        document["envoy"]["cluster"] = "as".into();
        document["issuers"][0]["token_format"] = "opaque".into();
        document["issuers"][0]["introspection"] = json!({
            "endpoint": format!("{ISSUER}/introspect"),
            "client_id": "rs",
            "client_auth": { "tls_client_auth": {} },
            "signed_response": false,
        });
        document
    }

    /// A worker that takes this configuration.
    pub(crate) fn worker(&self, document: &Value) -> Worker {
        let (mut worker, started) = Worker::start(&document.to_string(), &self.shared);
        assert!(started, "{:?}", worker.world().log);
        worker
    }

    pub(crate) fn token(&self) -> String {
        self.issuer.token(self.client.thumbprint(), NOW).build()
    }

    pub(crate) fn proof(&self, token: &str) -> String {
        let url = format!("{API}/accounts");
        self.client.proof("GET", &url, NOW).token(token).build()
    }

    /// A good request.
    pub(crate) fn good(&self) -> Vec<Header> {
        let token = self.token();
        headers(&token, &self.proof(&token))
    }

    /// A request with a token that somebody else signed in the issuer's name.
    pub(crate) fn forged(&self) -> Vec<Header> {
        let stranger = TestIssuer::new(ISSUER);
        let token = stranger.token(self.client.thumbprint(), NOW).build();
        headers(&token, &self.proof(&token))
    }

    /// A good request with a reference token.
    pub(crate) fn opaque(&self) -> Vec<Header> {
        headers("opaque", &self.proof("opaque"))
    }

    /// The issuer's answer about that token.
    pub(crate) fn active(&self) -> String {
        json!({
            "active": true, "iss": ISSUER, "aud": API, "sub": "alice", "client_id": "client-1",
            "iat": NOW.as_secs(), "exp": NOW.as_secs() + 300,
            "cnf": { "jkt": self.client.thumbprint().to_string() },
        })
        .to_string()
    }
}

/// `GET /accounts` with these credentials.
pub(crate) fn headers(token: &str, proof: &str) -> Vec<Header> {
    let texts = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "api.example.com"),
        (":path", "/accounts"),
        ("authorization", &format!("DPoP {token}")),
        ("dpop", proof),
    ];
    texts
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec()
}

/// The request without headers of this name.
pub(crate) fn without(mut request: Vec<Header>, name: &str) -> Vec<Header> {
    request.retain(|(held, _)| held != name.as_bytes());
    request
}

/// The request with one more header.
pub(crate) fn with(mut request: Vec<Header>, name: &str, value: impl Into<Vec<u8>>) -> Vec<Header> {
    request.push((name.into(), value.into()));
    request
}

/// The request went on.
#[track_caller]
pub(crate) fn assert_forwarded(worker: &mut Worker, id: u32) {
    let stream = worker.stream(id);
    assert!(stream.forwarded, "{:?}", worker.world().log);
}

/// What no filter may do was not done.
#[track_caller]
pub(crate) fn assert_decent(worker: &mut Worker) {
    assert_eq!(worker.world().offences, [""; 0]);
}
