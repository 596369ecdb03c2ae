//! The middleware service.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::drive::Driven;
use crate::future::{Arrival, ResponseFuture, Waiting};
use crate::handle::Live;
use crate::interaction::InteractionId;
use crate::measure::Stopwatch;
use crate::response;
use crate::target::{Hooks, present};

/// The service that [`FapiLayer`](crate::FapiLayer) makes of an inner one.
#[derive(Clone)]
pub struct Fapi<S> {
    inner: S,
    live: Arc<Live>,
    hooks: Hooks,
}

impl<S> Fapi<S> {
    pub(crate) const fn new(inner: S, live: Arc<Live>, hooks: Hooks) -> Self {
        Self { inner, live, hooks }
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
        let arrival = Arrival {
            begun: Stopwatch::start(),
            id: InteractionId::of(request.headers()),
            protocol: response::protocol(request.headers()),
            hooks: self.hooks,
        };
        let shared = self.live.current();
        let presented = present(&request, self.hooks, shared.certificates.as_ref());
        let driven = shared.decide(&presented, &arrival.id);
        match driven {
            Driven::Done(verdict) => {
                ResponseFuture::decided(verdict, request, &mut self.inner, arrival, &shared)
            }
            Driven::Waiting(verdict) => {
                // The service that was polled ready is the one to call.
                let clone = self.inner.clone();
                ResponseFuture::waiting(Waiting {
                    verdict,
                    inner: mem::replace(&mut self.inner, clone),
                    request,
                    arrival,
                    shared: Arc::clone(&shared),
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
