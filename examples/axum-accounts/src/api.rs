//! The protected API: what a service has to write.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_fapi::{Access, ConfigError, FapiConfig, FapiHandle, FapiLayer, IssuerConfig};

/// The configuration in `api.json`. The addresses in it are replaced, since here they differ from run to run.
pub(crate) fn config(resource: &str, issuer: &str) -> Result<FapiConfig, ConfigError> {
    let mut config = FapiConfig::from_json(include_str!("../api.json"))?;
    resource.clone_into(&mut config.resource);
    // No keys here: the layer discovers them (RFC 8414 §3).
    config.issuers = vec![IssuerConfig::new(issuer)];
    Ok(config)
}

/// The API. Which scope a request needs is the business of the configuration, not of the handlers.
pub(crate) fn router(config: FapiConfig) -> Result<Router, ConfigError> {
    let layer = FapiLayer::for_axum(config)?;
    let handle = layer.handle();
    let guarded = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/accounts", get(accounts))
        .route("/accounts/{id}", get(account))
        .route("/payments", post(pay))
        // So that the rules are asked about unknown paths too.
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(layer);
    Ok(with_metadata(guarded, handle))
}

/// An `Access` cannot be made elsewhere: a handler that takes one runs only for those who have proven theirs.
async fn accounts(access: Access) -> String {
    format!("the accounts of {}\n", name(&access))
}

async fn account(Path(id): Path<String>, access: Access) -> String {
    format!("account {id} of {}\n", name(&access))
}

async fn pay(access: Access) -> (StatusCode, String) {
    let receipt = format!("paid by {}\n", name(&access));
    (StatusCode::CREATED, receipt)
}

fn name(access: &Access) -> &str {
    access.subject().unwrap_or("nobody")
}

/// Serves the metadata (RFC 9728) that challenges point to. Clients read it before they have a token, so its route is
/// outside the layer.
fn with_metadata(guarded: Router, handle: FapiHandle) -> Router {
    let Some(metadata) = handle.metadata(None) else {
        return guarded;
    };
    let serve = async move || document(&handle);
    guarded.route(metadata.path(), get(serve))
}

/// The document of the configuration in force: after `FapiHandle::reload` it is another one.
fn document(handle: &FapiHandle) -> Response {
    match handle.metadata(None) {
        Some(metadata) => {
            let document = metadata.document().to_owned();
            ([(CONTENT_TYPE, "application/json")], document).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
