//! The protected API: what a service has to write.

use axum::Router;
use axum::routing::get;
use tower_fapi::{Access, ConfigError, FapiConfig, FapiLayer, IssuerConfig};

/// The API for tokens of this issuer. `resource` is its public URL, and the audience of tokens for it.
pub(crate) fn router(resource: &str, issuer: IssuerConfig) -> Result<Router, ConfigError> {
    let config = FapiConfig::builder(resource)
        .issuer(issuer)
        .dangerous_allow_http_loopback() // in production, both have https URLs
        .build()?;
    Ok(Router::new()
        .route("/accounts", get(accounts))
        .layer(FapiLayer::for_axum(config)?))
}

/// An `Access` cannot be made elsewhere: a handler that takes one runs only for those who have proven theirs.
async fn accounts(access: Access) -> String {
    format!("the accounts of {}", access.subject().unwrap_or("nobody"))
}
