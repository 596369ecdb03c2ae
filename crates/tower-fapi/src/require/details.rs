//! Authorization details, asked for in code.

use std::fmt;
use std::sync::Arc;

use fapi_core::{DetailType, PolicyError};
use http::request::Parts;
use tower_layer::Layer;

use super::Require;

/// Whether one element is enough for a request.
type Suffices<T> = dyn Fn(&T, &Parts) -> bool + Send + Sync;

/// Lets only requests through whose token has an element of `authorization_details` (RFC 9396) that is enough for them;
/// the others get 403 `insufficient_scope`, as by a rule.
///
/// Each element of the type that `T` names is judged alone, never what several would come to together. Elements without
/// the form of `T` grant nothing, nor do those that [`AuthorizationDetails`](fapi_core::AuthorizationDetails) leaves out.
///
/// It belongs further inside than [`FapiLayer`](crate::FapiLayer). See [`Require`] for what it does elsewhere. What
/// depends on the request's body is the handler's business: see [`AuthorizationDetails::typed`] and, for axum, the
/// extractor `Details`.
///
/// [`AuthorizationDetails::typed`]: fapi_core::AuthorizationDetails::typed
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use tower_fapi::{DetailType, FapiLayer, RequireAuthorizationDetails};
///
/// /// Access to accounts, for reading.
/// #[derive(serde::Deserialize)]
/// struct AccountInformation {
///     actions: Vec<String>,
///     accounts: Vec<String>,
/// }
///
/// impl DetailType for AccountInformation {
///     const TYPE: &'static str = "account_information";
/// }
///
/// fn api(fapi: FapiLayer) -> Router {
///     let may_read = RequireAuthorizationDetails::<AccountInformation>::new(|granted, request| {
///         let account = request.uri.path().strip_prefix("/accounts/");
///         granted.actions.iter().any(|action| action == "read_balances")
///             && account.is_some_and(|account| granted.accounts.iter().any(|one| one == account))
///     });
///     Router::new()
///         .route("/accounts/{id}", get(async || "12.30"))
///         .route_layer(may_read)
///         .layer(fapi)
/// }
/// ```
pub struct RequireAuthorizationDetails<T> {
    suffices: Arc<Suffices<T>>,
}

impl<T: DetailType> RequireAuthorizationDetails<T> {
    /// Asks for an element for which `suffices` is true, given the request without its body.
    pub fn new(suffices: impl Fn(&T, &Parts) -> bool + Send + Sync + 'static) -> Self {
        Self {
            suffices: Arc::new(suffices),
        }
    }
}

impl<S, T: DetailType + 'static> Layer<S> for RequireAuthorizationDetails<T> {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        let suffices = Arc::clone(&self.suffices);
        Require::new(inner, move |access, parts| {
            // RFC 9396 §2: the elements are independent of each other.
            let granted = access
                .authorization_details()
                .is_ok_and(|details| details.typed().any(|detail| suffices(&detail, parts)));
            granted
                .then_some(())
                .ok_or(PolicyError::AuthorizationDetails)
        })
    }
}

impl<T> Clone for RequireAuthorizationDetails<T> {
    fn clone(&self) -> Self {
        Self {
            suffices: Arc::clone(&self.suffices),
        }
    }
}

impl<T: DetailType> fmt::Debug for RequireAuthorizationDetails<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireAuthorizationDetails")
            .field("type", &T::TYPE)
            .finish_non_exhaustive()
    }
}
