//! The protected API: nothing in it is about metrics. The feature `metrics` of `tower-fapi` is all that it takes.

use axum::Router;
use axum::routing::get;
use tower_fapi::{Access, ConfigError, FapiConfig, FapiLayer, IssuerConfig};

/// The API for tokens of this issuer. `resource` is its public URL, and the audience of tokens for it.
pub(crate) fn router(resource: &str, issuer: &str) -> Result<Router, ConfigError> {
    let config = FapiConfig::builder(resource)
        .issuer(IssuerConfig::new(issuer))
        .dangerous_allow_http_loopback() // in production, both have https URLs
        .build()?;
    Ok(Router::new()
        .route("/accounts", get(accounts))
        .layer(FapiLayer::for_axum(config)?))
}

async fn accounts(access: Access) -> String {
    format!("the accounts of {}\n", access.subject().unwrap_or("nobody"))
}
