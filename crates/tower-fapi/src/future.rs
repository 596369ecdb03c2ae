//! The response future: refused at once, waiting for a verdict, or inside the service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use fapi_core::dpop::Nonce;
use fapi_core::{Accepted, Denial, Verdict};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::access::Access;
use crate::drive::Shared;
use crate::ports::PortFuture;
use crate::response;

pin_project! {
    /// The future of [`Fapi`](crate::Fapi).
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, ReqBody>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        Refused { refusal: Option<(Denial, Arc<Shared>)> },
        Waiting { waiting: Option<Waiting<S, ReqBody>> },
        Inner {
            #[pin]
            response: S::Future,
            nonce: Option<Nonce>,
        },
    }
}

/// A request whose verdict needs something that is not here yet.
pub(crate) struct Waiting<S, ReqBody> {
    pub(crate) verdict: PortFuture<Verdict>,
    pub(crate) inner: S,
    pub(crate) request: Request<ReqBody>,
    pub(crate) shared: Arc<Shared>,
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn refused(denial: Denial, shared: &Arc<Shared>) -> Self {
        Self {
            state: State::refused(denial, shared),
        }
    }

    pub(crate) fn accepted(inner: &mut S, request: Request<ReqBody>, accepted: Accepted) -> Self {
        Self {
            state: State::accepted(inner, request, accepted),
        }
    }

    pub(crate) const fn waiting(waiting: Waiting<S, ReqBody>) -> Self {
        Self {
            state: State::Waiting {
                waiting: Some(waiting),
            },
        }
    }
}

impl<S, ReqBody> State<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn refused(denial: Denial, shared: &Arc<Shared>) -> Self {
        Self::Refused {
            refusal: Some((denial, Arc::clone(shared))),
        }
    }

    fn accepted(inner: &mut S, mut request: Request<ReqBody>, accepted: Accepted) -> Self {
        tracing::debug!(target: "tower_fapi", "request accepted");
        request
            .extensions_mut()
            .insert(Access::new(accepted.access));
        Self::Inner {
            response: inner.call(request),
            nonce: accepted.nonce,
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Inner { response, nonce } => {
                    let mut response = ready!(response.poll(cx))?;
                    response::set_nonce(&mut response, nonce.as_ref());
                    return Poll::Ready(Ok(response));
                }
                StateProj::Refused { refusal } => match refusal.take() {
                    Some((denial, shared)) => {
                        return Poll::Ready(Ok(refuse(denial, &shared)));
                    }
                    // Polled after it was done.
                    None => return Poll::Pending,
                },
                StateProj::Waiting { waiting } => {
                    let Some(pending) = waiting else {
                        return Poll::Pending;
                    };
                    let verdict = ready!(pending.verdict.as_mut().poll(cx));
                    let Some(Waiting {
                        mut inner,
                        request,
                        shared,
                        ..
                    }) = waiting.take()
                    else {
                        return Poll::Pending;
                    };
                    match verdict {
                        Verdict::Accepted(accepted) => {
                            State::accepted(&mut inner, request, accepted)
                        }
                        Verdict::Refused(denial) => State::refused(denial, &shared),
                    }
                }
            };
            state.set(next);
        }
    }
}

fn refuse<B: Default>(denial: Denial, shared: &Shared) -> Response<B> {
    let challenge = shared.verifier.challenge(&denial);
    let status = challenge.status();
    let reason = denial.reason().code();
    if status >= 500 {
        tracing::warn!(target: "tower_fapi", reason, status, "request not decided");
    } else {
        tracing::info!(target: "tower_fapi", reason, status, "request refused");
    }
    response::refuse(denial, &challenge)
}
