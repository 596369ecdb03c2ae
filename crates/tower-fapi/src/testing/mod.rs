//! An issuer and a proof maker for tests (feature `testing`): good requests by default, and a knob for every defect.
//!
//! Not for production builds: these keys live in the process, and whoever has them passes every check.
//!
//! ```
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::routing::get;
//! use axum::Router;
//! use tower::ServiceExt as _;
//! use tower_fapi::FapiLayer;
//! use tower_fapi::testing::{TestClient, TestClock, TestIssuer, UnixTime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = TestClock::at(UnixTime::from_secs(1_700_000_000));
//! let issuer = TestIssuer::new("https://as.example.com").for_resource("https://api.example.com");
//! let client = TestClient::new();
//!
//! let layer = FapiLayer::builder(issuer.resource_config())
//!     .clock(clock.source())
//!     .build()?;
//! let app = Router::new().route("/accounts", get(|| async { "42" })).layer(layer);
//!
//! let token = issuer.token(client.thumbprint(), clock.now()).scope("accounts").build();
//! let proof = client
//!     .proof("GET", "https://api.example.com/accounts", clock.now())
//!     .token(&token)
//!     .build();
//! let request = || {
//!     Request::get("/accounts")
//!         .header("authorization", format!("DPoP {token}"))
//!         .header("dpop", &proof)
//!         .body(Body::empty())
//! };
//!
//! let response = app.clone().oneshot(request()?).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//!
//! // The same proof again is a replay.
//! let response = app.oneshot(request()?).await?;
//! assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here reads a clock: each maker takes the time, and [`TestClock`] gives layer and makers the same one. A test
//! that runs against the system's clock asks [`now`]. What goes wrong in here panics: it is the test that is wrong.
#![expect(
    clippy::expect_used,
    reason = "test support: a failure here is a failed test"
)]

mod client;
mod clock;
mod issuer;
mod jwt;
mod key;
pub mod signature;

pub use client::{ProofBuilder, TestClient};
pub use clock::{TestClock, now};
pub use fapi_core::UnixTime;
pub use fapi_core::jose::{Algorithm, Thumbprint};
pub use issuer::{TestIssuer, TokenBuilder};
pub use key::TestKey;
