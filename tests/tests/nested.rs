//! G52: behind nested axum routers a proof names the whole path.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use tower::ServiceExt as _;
use tower_fapi::testing::{TestClient, TestClock, TestIssuer, UnixTime};
use tower_fapi::{Access, FapiLayer};

struct Api {
    issuer: TestIssuer,
    client: TestClient,
    clock: TestClock,
}

impl Api {
    fn new() -> Self {
        Self {
            issuer: TestIssuer::new("https://as.example.com"),
            client: TestClient::new(),
            clock: TestClock::at(UnixTime::from_secs(1_700_000_000)),
        }
    }

    fn layer(
        &self,
        axum: impl FnOnce(tower_fapi::FapiLayerBuilder) -> tower_fapi::FapiLayerBuilder,
    ) -> FapiLayer {
        let config = self.issuer.config("https://api.example.com");
        let builder = FapiLayer::builder(config).clock(self.clock.source());
        axum(builder).build().unwrap()
    }

    /// The status for `GET /v1/inner/accounts` with a proof for this path.
    async fn status(&self, layer: FapiLayer, path: &str) -> u16 {
        let handler = get(|access: Access| async move {
            access.subject().map(str::to_owned).unwrap_or_default()
        });
        let inner = Router::new().route("/accounts", handler).layer(layer);
        let app = Router::new().nest("/v1", Router::new().nest("/inner", inner));
        let now = self.clock.now();
        let token = self.issuer.token(self.client.thumbprint(), now).build();
        let url = format!("https://api.example.com{path}");
        let proof = self.client.proof("GET", &url, now).token(&token).build();
        let request = Request::get("/v1/inner/accounts")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
            .body(Body::empty())
            .unwrap();
        app.oneshot(request).await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn for_axum_compares_the_whole_path() {
    let api = Api::new();
    let for_axum = || api.layer(tower_fapi::FapiLayerBuilder::for_axum);
    assert_eq!(api.status(for_axum(), "/v1/inner/accounts").await, 200);
    assert_eq!(api.status(for_axum(), "/inner/accounts").await, 401);
    assert_eq!(api.status(for_axum(), "/accounts").await, 401);
}

#[tokio::test]
async fn without_it_a_nested_layer_refuses_what_is_right() {
    let api = Api::new();
    let status = api
        .status(api.layer(|builder| builder), "/v1/inner/accounts")
        .await;
    assert_eq!(status, 401);
}
