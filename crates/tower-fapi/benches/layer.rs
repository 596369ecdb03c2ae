//! What an accepted request costs in the whole layer, with the token cached, as a ratio to what it cannot do without: one
//! bare verification of the proof's signature. Both kinds of work take turns on proofs never seen before, so that what
//! else the machine does falls on both, and the medians are divided.
//!
//! `cargo bench -p tower-fapi --bench layer --features testing`

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark that fails should stop"
)]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, Response, StatusCode};
use tower::{Layer as _, Service};
use tower_fapi::testing::{TestClient, TestClock, TestIssuer, UnixTime};
use tower_fapi::{Access, Fapi, FapiLayer};

const ROUNDS: usize = 400;
const BATCH: usize = 50;
const URL: &str = "https://api.example.com/accounts/22289";
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn main() {
    let client = TestClient::new();
    let issuer = TestIssuer::new("https://as.example.com");
    let token = issuer.token(client.thumbprint(), NOW);
    let token = token.scope("accounts payments").build();
    let layer = FapiLayer::builder(issuer.resource_config())
        .clock(TestClock::at(NOW).source())
        .build()
        .unwrap();
    let mut service = layer.layer(Inner);
    let key = reference_key(&client);
    let proofs = || -> Vec<String> {
        let proof = || client.proof("GET", URL, NOW).token(&token).build();
        std::iter::repeat_with(proof).take(BATCH).collect()
    };
    let request = |proof: String| {
        Request::get("/accounts/22289")
            .header("host", "api.example.com")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
            .body(())
            .unwrap()
    };
    for proof in proofs() {
        accept(&mut service, request(proof));
    }
    let (mut reference, mut layered) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let signed = proofs();
        let signed: Vec<_> = signed.iter().map(|proof| signed_part(proof)).collect();
        reference.push(time(|| {
            for (message, signature) in &signed {
                key.verify(message.as_bytes(), signature).unwrap();
            }
        }));
        let requests: Vec<_> = proofs().into_iter().map(request).collect();
        layered.push(time(|| {
            for request in requests {
                accept(&mut service, request);
            }
        }));
    }
    let reference = median(reference);
    println!("{ROUNDS} rounds of {BATCH}, replay store of 4,000,000, ES256");
    for (name, median) in [
        ("one bare aws-lc-rs verification", reference),
        ("request, token cached, fresh proof", median(layered)),
    ] {
        let micros = median.as_secs_f64() * 1e6 / BATCH as f64;
        let ratio = median.as_secs_f64() / reference.as_secs_f64();
        println!("{name:<38} {micros:>8.2} µs   ratio {ratio:.3}");
    }
}

/// An application that does nothing but look who is there.
#[derive(Clone)]
struct Inner;

impl Service<Request<()>> for Inner {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        black_box(request.extensions().get::<Access>().unwrap().subject());
        ready(Ok(Response::new(())))
    }
}

/// The whole request, which must succeed: a benchmark of refusals would flatter us.
fn accept(service: &mut Fapi<Inner>, request: Request<()>) {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else {
        panic!("it has to wait");
    };
    assert_eq!(response.status(), StatusCode::OK);
}

/// The client's public key as aws-lc-rs takes it.
fn reference_key(client: &TestClient) -> UnparsedPublicKey<Vec<u8>> {
    let jwk = client.key().public_jwk();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
}

/// Splits a proof into what is signed and the signature.
fn signed_part(proof: &str) -> (&str, Vec<u8>) {
    let dot = proof.rfind('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(&proof[dot + 1..]).unwrap();
    (&proof[..dot], signature)
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    black_box(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
