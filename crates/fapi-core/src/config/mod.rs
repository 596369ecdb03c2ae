//! The configuration document: one schema for every host.
//!
//! Mind `origin`: proofs name the *public* URL of the request (RFC 9449 §4.3 check 9), which behind a proxy is not the
//! one this process sees. It comes from here, never from `Host` or a forwarding header.
//!
//! ```
//! use fapi_core::config::{Config, Rule};
//!
//! let built = Config::builder("https://api.example.com")
//!     .issuer("https://as.example.com")
//!     .rule(Rule::new("/payments/{id}").methods(["POST"]).scopes(["payments"]))
//!     .build()?;
//!
//! let read = Config::from_json(
//!     r#"{
//!       "resource": "https://api.example.com",
//!       "issuers": [{ "issuer": "https://as.example.com" }],
//!       "rules": [{ "methods": ["POST"], "path": "/payments/{id}", "scopes": ["payments"] }]
//!     }"#,
//! )?;
//! assert_eq!(built, read);
//! # Ok::<(), fapi_core::config::ConfigError>(())
//! ```
//!
//! The types are plain data with public fields. Whoever changes a field calls [`Config::validate`] again; hosts do so
//! as well. An optional member that is `null` counts as left out. Which parts a host can do is the host's to say, with
//! [`ConfigError::not_supported`].

mod algorithm;
mod builder;
mod document;
mod dpop;
mod error;
mod host;
mod introspection;
mod issuer;
mod jwks;
mod mtls;
mod read;
mod rule;
#[cfg(feature = "schema")]
mod schema;
mod secret;
mod validate;

#[cfg(test)]
mod tests;

pub use algorithm::AlgorithmName;
pub use builder::ConfigBuilder;
pub use document::{AmbiguousPaths, Config, Mode, OriginConfig, Preflight, Unmatched};
pub use dpop::{AfterRestart, DpopConfig, NonceConfig, NonceMode, ReplayConfig, ReplayStoreKind};
pub use error::{ConfigError, ConfigErrorKind};
pub use host::{
    ClaimHeader, EnvoyCluster, EnvoyConfig, EnvoySignatures, HttpConfig, RedisConfig,
    RedisSentinel, RedisTls,
};
pub use introspection::{
    ClientAuth, IntrospectionConfig, OpaqueToken, PrivateKeyJwt, TlsClientAuth,
};
pub use issuer::{IssuerConfig, Revocation, TokenFormat};
pub use jwks::JwkSetDocument;
pub use mtls::{CertificateFrom, MtlsConfig, TrustedProxy, TrustedProxyError};
pub use read::read_document;
pub use rule::{AuthorizationDetailsRule, Rule};
pub use secret::{PrivateKey, Secret};
pub(crate) use validate::some_list_values;
