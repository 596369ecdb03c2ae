//! Tower middleware for FAPI 2.0 resource servers: only requests whose sender has proven that the access token is theirs
//! get through.
//!
//! Behind a proxy, first see to `origin`: a DPoP proof names the public URL of the request, which this process cannot
//! see. It is taken from the configuration, never from `Host` or `X-Forwarded-*`. And inside a nested axum router the
//! path is no longer whole: put the layer on the outermost router, or make it with `FapiLayer::for_axum` (feature
//! `axum`).
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response, StatusCode};
//! use tower::{Service as _, ServiceBuilder, ServiceExt as _, service_fn};
//! use tower_fapi::{Access, FapiConfig, FapiLayer, IssuerConfig};
//!
//! async fn accounts(request: Request<String>) -> Result<Response<String>, Infallible> {
//!     // Only the layer makes an `Access`, so its presence is the proof.
//!     let access = request.extensions().get::<Access>().expect("behind FapiLayer");
//!     Ok(Response::new(format!("accounts of {:?}", access.subject())))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! let config = FapiConfig::builder("https://api.example.com")
//!     .issuer(IssuerConfig::new("https://as.example.com").jwks(jwks))
//!     .build()?;
//! let mut service = ServiceBuilder::new()
//!     .layer(FapiLayer::new(config)?)
//!     .service(service_fn(accounts));
//!
//! let response = service.ready().await?.call(Request::get("/accounts").body(String::new())?).await?;
//! assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
//! let challenge = response.headers()["www-authenticate"].to_str()?;
//! assert!(challenge.starts_with("DPoP algs=\"ES256 PS256 EdDSA Ed25519\""));
//! # Ok(())
//! # }
//! ```
//!
//! What requests need beyond a good token stands in the configuration, as `rules`, or in code: [`RequireScope`],
//! [`RequireAcr`] and [`RequireAuthorizationDetails`] are layers for single routes behind this one.
//!
//! A refused request gets a response without body. Its extensions hold the [`Denial`], for layers further out; the log has
//! the [`Reason`]'s code under the target `tower_fapi`: at info level for what clients do wrong, at warn level where no
//! decision could be made. No token, proof or claim is logged.
//!
//! [The guide](guide) has a page for each part: how to set it up, what is checked and refused, and what to mind, such as
//! [CORS](guide::getting_started#cors).

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod access;
mod assemble;
mod drive;
#[cfg(feature = "axum")]
pub mod extract;
mod future;
pub mod guide;
mod handle;
mod interaction;
pub mod introspect;
pub mod keys;
mod layer;
mod measure;
mod memory;
#[cfg(feature = "axum")]
mod metadata;
pub mod ports;
mod refusal;
mod replay;
mod report;
mod require;
mod response;
mod secret;
mod service;
mod settle;
mod target;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;

pub use access::Access;
pub use fapi_core::config::{Config as FapiConfig, ConfigError, IssuerConfig};
pub use fapi_core::mtls;
pub use fapi_core::{AuthorizationDetail, AuthorizationDetails, Denial, DetailType, Reason};
pub use future::ResponseFuture;
pub use handle::{FapiHandle, Readiness};
pub use interaction::InteractionId;
pub use layer::{FapiLayer, FapiLayerBuilder};
pub use replay::MemoryReplayStore;
#[cfg(feature = "redis")]
pub use replay::{RedisProblem, RedisReplayStore};
pub use report::Reported;
pub use require::{Require, RequireAcr, RequireAuthorizationDetails, RequireFuture, RequireScope};
pub use service::Fapi;
