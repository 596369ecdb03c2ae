//! The whole layer over fetched keys: what clients see.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};
use tower_fapi::keys::ConfiguredKeys;
use tower_fapi::testing::{TestClient, TestClock, TestIssuer, UnixTime};
use tower_fapi::{Fapi, FapiLayer, IssuerConfig, Reason};

use crate::server::{Reply, Server, soon};
use crate::setting::Clock;

const AS: &str = "https://as.example.com";
const URL: &str = "https://api.example.com/accounts";

struct Api {
    server: Server,
    layer: FapiLayer,
    client: TestClient,
    time: TestClock,
    monotonic: Clock,
}

impl Api {
    async fn trusting(issuer: &TestIssuer) -> Self {
        let jwks = issuer.jwks();
        let server = Server::start(move |_| Reply::json(&jwks)).await;
        let config = tower_fapi::FapiConfig::builder("https://api.example.com")
            .dangerous_allow_http_loopback()
            .issuer(IssuerConfig::new(AS).jwks_uri(server.at("/jwks")))
            .build()
            .unwrap();
        let time = TestClock::at(UnixTime::from_secs(1_700_000_000));
        let monotonic = Clock::default();
        let keys = ConfiguredKeys::builder(&config)
            .clock(monotonic.source())
            .build()
            .unwrap();
        let layer = FapiLayer::builder(config)
            .key_source(keys)
            .clock(time.source())
            .build()
            .unwrap();
        Self {
            server,
            layer,
            client: TestClient::new(),
            time,
            monotonic,
        }
    }

    fn pass(&self, seconds: u32) {
        self.time.advance(seconds.into());
        self.monotonic.advance(seconds.into());
    }

    /// The response to a good request with a new token of this issuer.
    async fn request(&self, issuer: &TestIssuer) -> Response<String> {
        let now = self.time.now();
        let token = issuer.token(self.client.thumbprint(), now).build();
        let proof = self.client.proof("GET", URL, now).token(&token).build();
        let request = Request::get("/accounts")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
            .body(())
            .unwrap();
        let handler = service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new("accounts".to_owned()))
        });
        let service: Fapi<_> = ServiceBuilder::new()
            .layer(self.layer.clone())
            .service(handler);
        soon(service.oneshot(request)).await.unwrap()
    }

    async fn status(&self, issuer: &TestIssuer) -> StatusCode {
        self.request(issuer).await.status()
    }
}

#[tokio::test]
async fn rotation_needs_no_restart_and_refuses_the_old_key() {
    let (old, new) = (TestIssuer::new(AS), TestIssuer::new(AS));
    let api = Api::trusting(&old).await;
    assert_eq!(api.server.asked(), [""; 0]);
    assert_eq!(api.status(&old).await, StatusCode::OK);
    assert_eq!(api.status(&old).await, StatusCode::OK);
    assert_eq!(api.server.count("/jwks"), 1);

    let jwks = new.jwks();
    api.server.now(move |_| Reply::json(&jwks));
    assert_eq!(api.status(&new).await, StatusCode::OK);
    assert_eq!(api.server.count("/jwks"), 2);
    // The old key is unknown now, which costs the rest of the allowance.
    for _ in 0..3 {
        let response = api.request(&old).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
    assert_eq!(api.server.count("/jwks"), 3);
    assert_eq!(api.status(&new).await, StatusCode::OK);
}

#[tokio::test]
async fn no_keys_is_503_with_a_time_to_come_back() {
    let issuer = TestIssuer::new(AS);
    let api = Api::trusting(&issuer).await;
    api.server.now(|_| Reply::status("502 Bad Gateway"));
    for _ in 0..2 {
        let response = api.request(&issuer).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "2");
        assert!(!response.headers().contains_key("www-authenticate"));
        let denial = response.extensions().get::<tower_fapi::Denial>().unwrap();
        assert_eq!(denial.reason(), Reason::KeysUnavailable);
    }
    assert_eq!(api.server.count("/jwks"), 1);

    let jwks = issuer.jwks();
    api.server.now(move |_| Reply::json(&jwks));
    api.pass(1);
    assert_eq!(api.status(&issuer).await, StatusCode::OK);
}

#[tokio::test]
async fn a_new_key_is_not_called_wrong_while_the_issuer_is_down() {
    let (old, new) = (TestIssuer::new(AS), TestIssuer::new(AS));
    let api = Api::trusting(&old).await;
    assert_eq!(api.status(&old).await, StatusCode::OK);
    api.server.now(|_| Reply::status("503 Busy"));
    assert_eq!(api.status(&new).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(api.status(&new).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(api.status(&old).await, StatusCode::OK);
    assert_eq!(api.server.count("/jwks"), 2);

    let jwks = new.jwks();
    api.server.now(move |_| Reply::json(&jwks));
    api.pass(1);
    assert_eq!(api.status(&new).await, StatusCode::OK);
}
