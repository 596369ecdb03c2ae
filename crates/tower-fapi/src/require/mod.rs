//! Requirements in code, for routes behind [`FapiLayer`](crate::FapiLayer).

mod acr;
mod details;
mod future;
mod scope;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use fapi_core::{PolicyError, Requirement};
use http::request::Parts;
use http::{Request, Response};
use tower_service::Service;

use crate::Access;

pub use acr::RequireAcr;
pub use details::RequireAuthorizationDetails;
pub use future::RequireFuture;
pub use scope::RequireScope;
#[cfg(feature = "axum")]
pub(crate) use verdict::settle;

/// What a token lacks for a request, if anything.
type Check = dyn Fn(&Access, &Parts) -> Result<(), PolicyError> + Send + Sync;

/// The service that [`RequireScope`], [`RequireAcr`] and [`RequireAuthorizationDetails`] make of an inner one.
///
/// It expects to be called behind [`FapiLayer`](crate::FapiLayer), and refuses as that does: with the same challenges,
/// the same events and counters, and a [`Denial`](crate::Denial) among the response's extensions. (The request has been
/// counted as accepted by then.) Of several, the first that lacks something answers.
///
/// * In front of it nobody asked for a token, because the layer is missing or a public rule opens the route: that is a
///   mistake, answered with 500 and an event at error level.
/// * A CORS preflight request that the layer let through (`preflight: allow`) goes on.
/// * Where the configuration or the rule that the request met has `mode: report_only`, the request goes on with
///   [`Reported`](crate::Reported) in the place of [`Access`], as behind the layer.
#[derive(Clone)]
pub struct Require<S> {
    inner: S,
    check: Arc<Check>,
}

impl<S> Require<S> {
    fn new(
        inner: S,
        check: impl Fn(&Access, &Parts) -> Result<(), PolicyError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner,
            check: Arc::new(check),
        }
    }

    fn requirement(inner: S, requirement: &Arc<Requirement>) -> Self {
        let requirement = Arc::clone(requirement);
        Self::new(inner, move |access, _| access.meets(&requirement))
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Require<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = RequireFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        match verdict::judge(&mut parts, &*self.check) {
            Some(response) => RequireFuture::refused(response),
            None => RequireFuture::inner(self.inner.call(Request::from_parts(parts, body))),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Require<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Require")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
