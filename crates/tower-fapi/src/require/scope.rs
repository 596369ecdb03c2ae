//! Scope, asked for in code.

use std::sync::Arc;

use fapi_core::Requirement;
use fapi_core::config::ConfigError;
use tower_layer::Layer;

use super::Require;

/// Lets only requests through whose token has all of these scope values; the others get 403 `insufficient_scope` with
/// the values (RFC 6750 §3.1).
///
/// It belongs further inside than [`FapiLayer`](crate::FapiLayer). See [`Require`] for what it does elsewhere.
///
/// ```
/// use axum::Router;
/// use axum::routing::{get, post};
/// use tower_fapi::{ConfigError, FapiLayer, RequireScope};
///
/// fn api(fapi: FapiLayer) -> Result<Router, ConfigError> {
///     let payments = Router::new()
///         .route("/payments", post(async || "paid"))
///         .route_layer(RequireScope::new(["payments"])?);
///     Ok(Router::new()
///         .route("/accounts", get(async || "accounts"))
///         .merge(payments)
///         .layer(fapi))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequireScope {
    requirement: Arc<Requirement>,
}

impl RequireScope {
    /// Asks for all of these values (RFC 6749 §3.3).
    ///
    /// # Errors
    ///
    /// There is none, or one that cannot be a scope value. The error names it.
    pub fn new<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        Ok(Self {
            requirement: Arc::new(Requirement::scopes(values)?),
        })
    }
}

impl<S> Layer<S> for RequireScope {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require::requirement(inner, &self.requirement)
    }
}
