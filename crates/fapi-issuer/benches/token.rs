//! What a token costs: the whole token endpoint without a socket, and the minting alone.
//!
//! Assertion and proof are fresh for each request, made outside of the measured time.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::Request;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_core::token::Confirmation;
use fapi_crypto::SigningKey;
use fapi_issuer::{Client, Grant, Issuer};
use serde_json::json;
use tower::ServiceExt as _;

const NOW: i64 = 1_700_000_000;

fn request(client: &SigningKey, holder: &SigningKey, jti: u64) -> Request<Body> {
    let assertion = json!({
        "iss": "client", "sub": "client", "aud": "https://as.example.com",
        "jti": jti.to_string(), "iat": NOW, "exp": NOW + 60,
    });
    let assertion = client.sign_jwt("JWT", &assertion).unwrap();
    let header = json!({
        "typ": "dpop+jwt", "alg": holder.algorithm().name(), "jwk": holder.public_jwk_members(),
    });
    let proof = json!({
        "jti": jti.to_string(), "htm": "POST", "htu": "https://as.example.com/token", "iat": NOW,
    });
    let proof = holder
        .sign_compact(&header.to_string(), proof.to_string().as_bytes())
        .unwrap();
    let form = format!(
        "grant_type=client_credentials&client_assertion={assertion}&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    );
    Request::post("/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("dpop", proof)
        .body(Body::from(form))
        .unwrap()
}

fn token(criterion: &mut Criterion) {
    let client = SigningKey::generate(Algorithm::Es256).unwrap();
    let holder = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwks = json!({ "keys": [client.public_jwk()] }).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let builder = Issuer::builder("https://as.example.com")
        .client(Client::new("client", jwks).scope("accounts"))
        .default_audience("https://api.example.com")
        .clock(|| UnixTime::from_secs(NOW));
    let issuer = runtime.block_on(builder.build()).unwrap();
    let router = issuer.router();
    let next = AtomicU64::new(0);
    criterion.bench_function("token endpoint, ES256", |bencher| {
        bencher.iter_batched(
            || {
                let jti = next.fetch_add(1, Ordering::Relaxed);
                (router.clone(), request(&client, &holder, jti))
            },
            |(router, request)| {
                let response = runtime.block_on(router.oneshot(request)).unwrap();
                assert_eq!(response.status(), 200);
                response
            },
            BatchSize::SmallInput,
        );
    });
    let grant = Grant::new(
        "client",
        "https://api.example.com",
        Confirmation::Key(holder.thumbprint()),
    );
    criterion.bench_function("mint, ES256", |bencher| {
        bencher.iter(|| runtime.block_on(issuer.mint(black_box(&grant))).unwrap());
    });
}

criterion_group!(benches, token);
criterion_main!(benches);
