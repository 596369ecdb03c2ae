//! An axum service behind the layer, and what it answers.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tower_fapi::testing::{ProofBuilder, TestClient, TestClock, UnixTime, now};
use tower_fapi::{Access, Denial, FapiConfig, FapiLayer};

/// A service that tells who calls.
pub(crate) struct Api {
    url: String,
    router: Router,
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The code of the reason for a refusal.
    pub(crate) reason: Option<&'static str>,
    /// `WWW-Authenticate`.
    pub(crate) challenge: Option<String>,
    /// Who called, if the request was accepted.
    pub(crate) caller: Value,
}

impl Api {
    /// The service that this document describes, by the system's clock.
    pub(crate) fn new(document: &Value) -> Self {
        Self::with_clock(document, now)
    }

    /// The same by a clock that a test moves.
    pub(crate) fn by(document: &Value, clock: &TestClock) -> Self {
        Self::with_clock(document, clock.source())
    }

    fn with_clock(document: &Value, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        let config = FapiConfig::from_json(&document.to_string()).unwrap();
        let url = format!("{}/accounts", config.resource);
        let layer = FapiLayer::builder(config).for_axum().clock(clock).build();
        let router = Router::new().route("/accounts", get(tell));
        Self {
            url,
            router: router.layer(layer.unwrap()),
        }
    }

    /// The answer to a request with this token and a good proof.
    pub(crate) async fn get(&self, client: &TestClient, token: &str) -> Answer {
        let proof = self.proof(client, token, now()).build();
        self.send(&format!("DPoP {token}"), &proof).await
    }

    /// A good proof for a request of this time.
    pub(crate) fn proof(&self, client: &TestClient, token: &str, at: UnixTime) -> ProofBuilder {
        client.proof("GET", &self.url, at).token(token)
    }

    /// The answer to a request with these credentials.
    pub(crate) async fn send(&self, authorization: &str, proof: &str) -> Answer {
        let request = Request::get("/accounts")
            .header(header::AUTHORIZATION, authorization)
            .header("dpop", proof)
            .body(Body::empty())
            .unwrap();
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }
}

async fn tell(access: Access) -> String {
    let claims: Value = access.claims().unwrap();
    json!({
        "issuer": access.issuer(),
        "subject": access.subject(),
        "client_id": access.client_id(),
        "scope": access.scope().as_str(),
        "jkt": access.confirmation().key().map(ToString::to_string),
        "claims": claims,
    })
    .to_string()
}

impl Answer {
    async fn of(response: Response) -> Self {
        let denial = response.extensions().get::<Denial>();
        let reason = denial.map(|denial| denial.reason().code());
        let challenge = response.headers().get(header::WWW_AUTHENTICATE);
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
        Self {
            status,
            reason,
            challenge,
            caller: serde_json::from_slice(&body.unwrap()).unwrap_or_default(),
        }
    }

    /// What a refusal comes down to: the status and the reason's code.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.reason.unwrap_or("accepted"))
    }

    /// Whether the challenge begins like this.
    pub(crate) fn challenges_with(&self, start: &str) -> bool {
        self.challenge
            .as_deref()
            .is_some_and(|challenge| challenge.starts_with(start))
    }
}
