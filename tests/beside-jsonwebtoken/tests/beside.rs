//! jsonwebtoken takes its back end from its features where exactly one is on, and panics otherwise. So no crate of ours
//! may switch one on, and none of ours may take the process-wide one.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, TokenData, Validation};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};
use tower_fapi::FapiLayer;
use tower_fapi::testing::{TestClient, TestIssuer, now};

#[tokio::test(flavor = "current_thread")]
async fn both_verify_in_one_process() {
    assert_eq!(status_behind_the_layer().await, StatusCode::OK);
    let claims = json!({ "sub": "alice", "exp": now().as_secs() + 60 });
    let secret = b"the application's own secret";
    let token = jsonwebtoken::encode(
        &Header::default(),
        &claims,
        &EncodingKey::from_secret(secret),
    )
    .unwrap();
    let key = DecodingKey::from_secret(secret);
    let decoded: TokenData<Value> =
        jsonwebtoken::decode(&token, &key, &Validation::default()).unwrap();
    assert_eq!(decoded.claims["sub"], "alice");
    assert_eq!(status_behind_the_layer().await, StatusCode::OK);
}

async fn status_behind_the_layer() -> StatusCode {
    let issuer = TestIssuer::new("https://as.example.com");
    let client = TestClient::new();
    let layer = FapiLayer::new(issuer.config("https://api.example.com")).unwrap();
    let token = issuer.token(client.thumbprint(), now()).build();
    let proof = client
        .proof("GET", "https://api.example.com/", now())
        .token(&token)
        .build();
    let request = Request::get("/")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .body(())
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(()))
        }));
    service.oneshot(request).await.unwrap().status()
}
