//! Stronger or fresher authentication, asked for in code.

use std::sync::Arc;

use fapi_core::Requirement;
use fapi_core::config::ConfigError;
use tower_layer::Layer;

use super::Require;

/// Lets only requests through whose user has authenticated so well, or so recently; the others get 401
/// `insufficient_user_authentication` with `acr_values` and `max_age` (RFC 9470 §3).
///
/// It belongs further inside than [`FapiLayer`](crate::FapiLayer), whose clock it uses. See [`Require`] for what it does
/// elsewhere.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use tower_fapi::{ConfigError, FapiLayer, RequireAcr};
///
/// fn api(fapi: FapiLayer) -> Result<Router, ConfigError> {
///     let step_up = RequireAcr::new(["urn:example:loa:3"])?.max_age_seconds(300);
///     Ok(Router::new()
///         .route("/payments", post(async || "paid"))
///         .route_layer(step_up)
///         .layer(fapi))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequireAcr {
    requirement: Arc<Requirement>,
}

impl RequireAcr {
    /// Asks for one of these authentication contexts, by the token's `acr`.
    ///
    /// # Errors
    ///
    /// There is none, or one with a space, a quote, a backslash or a character that is not printable ASCII. The error
    /// names it.
    pub fn new<A: Into<String>>(values: impl IntoIterator<Item = A>) -> Result<Self, ConfigError> {
        Ok(Self::asking(Requirement::acr_values(values)?))
    }

    /// Asks for an authentication of any context that is no longer ago, by the token's `auth_time`.
    #[must_use]
    pub fn any_within_seconds(max_age: u32) -> Self {
        Self::asking(Requirement::max_age_seconds(max_age))
    }

    /// Besides, the authentication may be no longer ago, by the token's `auth_time`.
    #[must_use]
    pub fn max_age_seconds(self, max_age: u32) -> Self {
        Self::asking(Requirement::clone(&self.requirement).and_max_age_seconds(max_age))
    }

    fn asking(requirement: Requirement) -> Self {
        Self {
            requirement: Arc::new(requirement),
        }
    }
}

impl<S> Layer<S> for RequireAcr {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require::requirement(inner, &self.requirement)
    }
}
