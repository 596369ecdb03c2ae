//! A FAPI 2.0 authorization server, to embed in a program or a test, or to run as `fapi-issuer`.
//!
//! Users log in and consent on its pages or on yours ([`Interaction`]), and clients get access tokens that are bound to
//! their DPoP key (RFC 9449) or their certificate (RFC 8705); a token that is bound to nothing cannot be issued. Grants are
//! the authorization code with pushed requests (RFC 9126) and PKCE, client credentials, refresh tokens and token exchange
//! (RFC 8693). Requests may be signed (RFC 9101), responses too (JARM, RFC 9701). Everything is kept in memory, in SQLite
//! or in PostgreSQL ([`StorageConfig`]).
//!
//! Mind the issuer identifier: it is the *public* address. Proofs name the token endpoint under it and client assertions
//! name it as `aud`; neither `Host` nor `X-Forwarded-*` play a part.
//!
//! ```
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use fapi_core::jose::Algorithm;
//! use fapi_core::token::Confirmation;
//! use fapi_crypto::SigningKey;
//! use fapi_issuer::{Client, Grant, Issuer};
//! use tower::ServiceExt as _;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #     tokio::runtime::Builder::new_current_thread().build()?.block_on(run())
//! # }
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let client_key = SigningKey::generate(Algorithm::Es256)?;
//!     let jwks = serde_json::json!({ "keys": [client_key.public_jwk()] });
//!
//!     let issuer = Issuer::builder("https://as.example.com")
//!         .client(Client::new("my-client", jwks.to_string()).scope("accounts payments"))
//!         .default_audience("https://api.example.com")
//!         .build()
//!         .await?;
//!
//!     // Part of an application: `application.merge(issuer.router())`.
//!     let request = Request::get("/.well-known/oauth-authorization-server").body(Body::empty())?;
//!     let response = issuer.router().oneshot(request).await?;
//!     assert_eq!(response.status(), StatusCode::OK);
//!
//!     // Or without HTTP: a token for whoever holds the key.
//!     let holder = SigningKey::generate(Algorithm::Es256)?;
//!     let bound = Confirmation::Key(holder.thumbprint());
//!     let grant = Grant::new("my-client", "https://api.example.com", bound);
//!     let token = issuer.mint(&grant).await?;
//!     assert_eq!(token.as_str().split('.').count(), 3);
//!     Ok(())
//! }
//! ```

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod authorization;
mod browser;
mod builder;
mod certificate;
mod client;
mod clock;
mod config;
mod encryption;
mod endpoint;
mod error;
mod grant;
mod id_token;
mod interaction;
mod issuer;
mod keys;
mod limit;
mod measure;
mod metadata;
mod mint;
mod redirect;
mod registration;
mod resource_server;
mod router;
mod scope;
mod secret;
mod sender;
#[cfg(feature = "serve")]
mod serve;
mod storage;
mod token;
mod uri;
mod userinfo;
mod uses;

pub use builder::IssuerBuilder;
pub use certificate::{ClientCertificate, MtlsConfig, TlsConfig};
pub use client::{
    AccessTokenFormat, AuthMethod, Client, ClientsError, GrantType, RegistrationConfig,
    ResponseMode, TokenExchange,
};
pub use config::Config;
pub use encryption::{ContentEncryption, EncryptionAlgorithm};
pub use fapi_core::config::ConfigError;
pub use fapi_core::mtls::Peer;
pub use grant::Grant;
pub use interaction::{
    Authentication, BoxFuture, ConsentView, Credentials, ErrorView, Interaction,
    InteractionUnavailable, InvalidPassword, LoginOutcome, LoginView, Pages, User, hash_password,
};
pub use issuer::{Issuer, Revocation};
pub use keys::{KeyState, KeyStatus, RotationError};
pub use limit::RateLimitsConfig;
pub use mint::{AccessToken, MintError};
pub use resource_server::{IntrospectionResponse, ResourceServer};
pub use scope::{InvalidScope, Scope};
#[cfg(feature = "serve")]
pub use serve::{Addresses, BindError, CertificateReload, Server};
pub use storage::{PostgresConfig, SqliteConfig, StorageConfig, StorageError, Synchronous};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
