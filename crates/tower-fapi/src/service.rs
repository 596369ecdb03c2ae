//! The middleware service.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use fapi_core::Verdict;
use http::{Request, Response};
use tower_service::Service;

use crate::drive::{Driven, Shared};
use crate::future::{ResponseFuture, Waiting};
use crate::target::{OriginalUriFn, present};

/// The service that [`FapiLayer`](crate::FapiLayer) makes of an inner one.
#[derive(Clone)]
pub struct Fapi<S> {
    inner: S,
    shared: Arc<Shared>,
    original_uri: OriginalUriFn,
}

impl<S> Fapi<S> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared>, original_uri: OriginalUriFn) -> Self {
        Self {
            inner,
            shared,
            original_uri,
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Fapi<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.shared.decide(&present(&request, self.original_uri)) {
            Driven::Done(Verdict::Accepted(accepted)) => {
                ResponseFuture::accepted(&mut self.inner, request, accepted)
            }
            Driven::Done(Verdict::Refused(denial)) => ResponseFuture::refused(denial, &self.shared),
            Driven::Waiting(verdict) => {
                // The service that was polled ready is the one to call.
                let clone = self.inner.clone();
                ResponseFuture::waiting(Waiting {
                    verdict,
                    inner: mem::replace(&mut self.inner, clone),
                    request,
                    shared: Arc::clone(&self.shared),
                })
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Fapi<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fapi")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
