//! An issuer behind a socket, an API behind the layer, and a client with one key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::map_request;
use axum::routing::get;
use fapi_core::config::{IntrospectionConfig, PrivateKey, PrivateKeyJwt, Revocation, TokenFormat};
use fapi_core::jose::Algorithm;
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{AccessTokenFormat, Client, Grant, Issuer, ResourceServer};
use serde_json::json;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tower_fapi::testing::{TestClient, TestClock, UnixTime};
use tower_fapi::{Access, FapiConfig, FapiLayer, IssuerConfig};

const API: &str = "https://api.example.com";

/// The form of introspection answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answers {
    Signed,
    Plain,
}

pub(crate) struct Setting {
    pub(crate) issuer: Issuer,
    api: Router,
    client: TestClient,
    clock: TestClock,
    requests: Arc<Mutex<HashMap<String, usize>>>,
}

impl Setting {
    /// The API asks about every token: those of the client `opaque` say nothing by themselves, all others are JWTs.
    pub(crate) async fn introspecting(answers: Answers) -> Self {
        Self::start(|issuer, key| {
            let auth = PrivateKeyJwt::new(PrivateKey::Jwk(key));
            let endpoint = format!("{issuer}/introspect");
            let mut introspection = IntrospectionConfig::new(endpoint, "api", auth.into());
            introspection.signed_response = answers == Answers::Signed;
            IssuerConfig::new(issuer)
                .token_format(TokenFormat::Any)
                .revocation(Revocation::Introspect)
                .introspection(introspection)
        })
        .await
    }

    /// The API verifies JWTs by itself.
    pub(crate) async fn verifying() -> Self {
        Self::start(|issuer, _| IssuerConfig::new(issuer)).await
    }

    async fn start(trust: impl FnOnce(&str, String) -> IssuerConfig) -> Self {
        let clock = TestClock::at(UnixTime::from_secs(1_700_000_000));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let jwks = json!({ "keys": [key.public_jwk()] }).to_string();
        let issuer = Issuer::builder(&url)
            .dangerous_allow_http_loopback()
            .default_audience(API)
            .client(Client::new("opaque", &jwks).access_token_format(AccessTokenFormat::Opaque))
            .resource_server(ResourceServer::new("api", &jwks, API))
            .clock(clock.source())
            .build()
            .await
            .unwrap();
        let requests = Arc::new(Mutex::new(HashMap::new()));
        let router = counting(issuer.router(), Arc::clone(&requests));
        tokio::spawn(async { axum::serve(listener, router).await });

        let private = key.to_private_jwk().unwrap().to_string();
        let config = FapiConfig::builder(API)
            .issuer(trust(&url, private))
            .dangerous_allow_http_loopback()
            .build()
            .unwrap();
        let layer = FapiLayer::builder(config).clock(clock.source()).build();
        let subject =
            async |access: Access| access.subject().map(str::to_owned).unwrap_or_default();
        Self {
            issuer,
            api: Router::new()
                .route("/accounts", get(subject))
                .layer(layer.unwrap()),
            client: TestClient::new(),
            clock,
            requests,
        }
    }

    /// A token for this client, bound to the key that all requests are made with.
    pub(crate) async fn token(&self, client_id: &str) -> String {
        let confirmation = Confirmation::Key(self.client.thumbprint());
        let grant = Grant::new(client_id, API, confirmation);
        self.issuer.mint(&grant).await.unwrap().as_str().to_owned()
    }

    /// Status and challenge for a request with this token and a new proof.
    pub(crate) async fn get(&self, token: &str) -> (u16, String) {
        let url = format!("{API}/accounts");
        let proof = self.client.proof("GET", &url, self.clock.now());
        let request = Request::get("/accounts")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof.token(token).build())
            .body(Body::empty())
            .unwrap();
        let response = self.api.clone().oneshot(request).await.unwrap();
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), challenge.unwrap_or_default())
    }

    /// That a request with this token is let through.
    pub(crate) async fn accepts(&self, token: &str) {
        let (status, challenge) = self.get(token).await;
        assert_eq!(status, 200, "{challenge}");
    }

    /// That a request with this token is refused because of it.
    pub(crate) async fn refuses(&self, token: &str) {
        let (status, challenge) = self.get(token).await;
        assert_eq!(status, 401, "{challenge}");
        assert!(
            challenge.contains(r#"error="invalid_token""#),
            "{challenge}"
        );
    }

    /// How often the issuer was asked at this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.get(path).copied().unwrap_or_default()
    }
}

fn counting(router: Router, requests: Arc<Mutex<HashMap<String, usize>>>) -> Router {
    router.layer(map_request(move |request: Request| {
        let path = request.uri().path().to_owned();
        *requests.lock().unwrap().entry(path).or_default() += 1;
        std::future::ready(request)
    }))
}
