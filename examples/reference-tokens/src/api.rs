//! The protected API: what a service has to write.

use axum::Router;
use axum::routing::get;
use fapi_core::config::{PrivateKey, PrivateKeyJwt};
use fapi_crypto::{KeyError, SigningKey};
use tower_fapi::{Access, ConfigError, FapiConfig, FapiLayer};

/// The name of the API at the issuer, as in `api.json`.
pub(crate) const CLIENT_ID: &str = "accounts-api";

/// The configuration in `api.json`. Addresses and key are replaced, since here they differ from run to run.
pub(crate) fn config(
    resource: &str,
    issuer: &str,
    key: &SigningKey,
) -> Result<FapiConfig, Box<dyn std::error::Error>> {
    let mut config = FapiConfig::from_json(include_str!("../api.json"))?;
    resource.clone_into(&mut config.resource);
    for trusted in &mut config.issuers {
        issuer.clone_into(&mut trusted.issuer);
        if let Some(introspection) = &mut trusted.introspection {
            introspection.endpoint = format!("{issuer}/introspect");
            introspection.client_auth = PrivateKeyJwt::new(private_jwk(key)?).into();
        }
    }
    Ok(config)
}

fn private_jwk(key: &SigningKey) -> Result<PrivateKey, KeyError> {
    Ok(PrivateKey::Jwk(key.to_private_jwk()?.to_string()))
}

/// The API. That its tokens say nothing by themselves is no concern of the handlers.
pub(crate) fn router(config: FapiConfig) -> Result<Router, ConfigError> {
    Ok(Router::new()
        .route("/accounts", get(accounts))
        .layer(FapiLayer::for_axum(config)?))
}

/// An `Access` cannot be made elsewhere: a handler that takes one runs only for those who have proven theirs.
async fn accounts(access: Access) -> String {
    format!("the accounts of {}\n", access.subject().unwrap_or("nobody"))
}
