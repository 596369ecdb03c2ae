//! The guarded API.

use axum::Router;
use axum::routing::get;
use fapi_core::config::MtlsConfig;
use tower_fapi::{Access, ConfigError, FapiConfig, FapiLayer, IssuerConfig};

/// An API that takes tokens bound to a certificate (with the Bearer scheme) or to a DPoP key (with the DPoP scheme).
pub(crate) fn router(resource: &str, issuer: IssuerConfig) -> Result<Router, ConfigError> {
    let config = FapiConfig::builder(resource)
        .issuer(issuer)
        // The default is the certificate of the TLS connection itself. Behind a proxy that ends TLS it must come from
        // a header, and the proxy be named in `trusted_proxies`.
        .mtls(MtlsConfig::default())
        .dpop_or_mtls()
        .build()?;
    Ok(Router::new()
        .route("/accounts", get(accounts))
        .layer(FapiLayer::for_axum(config)?))
}

async fn accounts(access: Access) -> String {
    format!("accounts of {}", access.subject().unwrap_or("nobody"))
}
