//! The layer inside nested axum routers, which take their prefix off the path.

#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use http::{Request, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use tower_fapi::{Access, FapiConfig, FapiLayer, FapiLayerBuilder, IssuerConfig, Reason};

const NOW: i64 = 1_700_000_000;

fn layer(issuer: &SigningKey) -> FapiLayerBuilder {
    let jwks = json!({ "keys": [issuer.public_jwk()] }).to_string();
    let config = FapiConfig::builder("https://api.example.com")
        .issuer(IssuerConfig::new("https://as.example.com").jwks(jwks))
        .build();
    FapiLayer::builder(config.unwrap()).clock(|| UnixTime::from_secs(NOW))
}

fn request(issuer: &SigningKey, method: &str, path: &str) -> Request<Body> {
    let client = SigningKey::generate(Algorithm::Es256).unwrap();
    let claims = json!({
        "iss": "https://as.example.com", "sub": "alice", "client_id": "app", "jti": "1",
        "aud": "https://api.example.com", "iat": NOW, "exp": NOW + 600,
        "cnf": { "jkt": client.thumbprint().to_string() },
    });
    let token = issuer.sign_jwt("at+jwt", &claims).unwrap();
    let header = json!({
        "typ": "dpop+jwt", "alg": "ES256", "jwk": client.public_jwk_members(),
    });
    let payload = json!({
        "jti": "1", "htm": method, "htu": format!("https://api.example.com{path}"), "iat": NOW,
        "ath": URL_SAFE_NO_PAD.encode(Sha256::digest(&token)),
    });
    let proof = client.sign_compact(&header.to_string(), payload.to_string().as_bytes());
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof.unwrap())
        .body(Body::empty())
        .unwrap()
}

fn nested(layer: FapiLayer) -> Router {
    let inner = Router::new().route(
        "/accounts",
        get(|access: Access| async move { access.subject().unwrap_or_default().to_owned() }),
    );
    let unguarded = Router::new().route("/open", get(|_: Access| async {}));
    Router::new()
        .nest("/v1", Router::new().nest("/bank", inner.layer(layer)))
        .merge(unguarded)
}

#[tokio::test]
async fn the_whole_path_is_compared() {
    let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
    let router = nested(layer(&issuer).for_axum().build().unwrap());
    for method in ["GET", "HEAD"] {
        let request = request(&issuer, method, "/v1/bank/accounts");
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{method}");
    }
    // A proof for the path that the inner router sees.
    let (mut parts, body) = request(&issuer, "GET", "/accounts").into_parts();
    parts.uri = "/v1/bank/accounts".parse().unwrap();
    let response = router
        .oneshot(Request::from_parts(parts, body))
        .await
        .unwrap();
    let denial = response.extensions().get::<tower_fapi::Denial>().unwrap();
    assert_eq!(denial.reason(), Reason::ProofTarget);
}

#[tokio::test]
async fn the_plain_layer_refuses_there() {
    let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
    let router = nested(layer(&issuer).build().unwrap());
    let request = request(&issuer, "GET", "/v1/bank/accounts");
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_route_that_is_not_guarded_gives_no_access() {
    let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
    let router = nested(layer(&issuer).for_axum().build().unwrap());
    let request = request(&issuer, "GET", "/open");
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
