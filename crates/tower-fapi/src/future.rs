//! The response future: refused at once, waiting for a verdict, or inside the service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use fapi_core::dpop::Nonce;
use fapi_core::{Accepted, Challenge, Denial, Protocol, Verdict};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::access::Access;
use crate::drive::Shared;
use crate::interaction::InteractionId;
use crate::ports::PortFuture;
use crate::report::{self, Reported};
use crate::response;
use crate::target::{Hooks, authority};

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
        Refused { refusal: Option<Refusal> },
        Waiting { waiting: Option<Box<Waiting<S, ReqBody>>> },
        Inner {
            #[pin]
            response: S::Future,
            nonce: NonceRule,
            id: InteractionId,
        },
    }
}

/// What the answer to a request needs to know of it.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) id: InteractionId,
    pub(crate) protocol: Protocol,
    pub(crate) hooks: Hooks,
}

/// A request whose verdict needs something that is not here yet.
pub(crate) struct Waiting<S, ReqBody> {
    pub(crate) verdict: PortFuture<Verdict>,
    pub(crate) inner: S,
    pub(crate) request: Request<ReqBody>,
    pub(crate) arrival: Arrival,
    pub(crate) shared: Arc<Shared>,
}

struct Refusal {
    denial: Denial,
    challenge: Challenge,
    arrival: Arrival,
}

/// What becomes of the `DPoP-Nonce` of an inner response.
enum NonceRule {
    /// Ours, or none: a client takes what it gets here for ours.
    Ours(Option<Nonce>),
    /// As it is: we have nothing to do with this request.
    Untouched,
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn decided(
        verdict: Verdict,
        request: Request<ReqBody>,
        inner: &mut S,
        arrival: Arrival,
        shared: &Shared,
    ) -> Self {
        Self {
            state: State::decided(verdict, request, inner, arrival, shared),
        }
    }

    pub(crate) fn waiting(waiting: Waiting<S, ReqBody>) -> Self {
        Self {
            state: State::Waiting {
                waiting: Some(Box::new(waiting)),
            },
        }
    }
}

impl<S, ReqBody> State<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn decided(
        verdict: Verdict,
        mut request: Request<ReqBody>,
        inner: &mut S,
        arrival: Arrival,
        shared: &Shared,
    ) -> Self {
        let nonce = match verdict {
            Verdict::Accepted(Accepted { access, nonce }) => {
                report::accepted(&arrival.id);
                request.extensions_mut().insert(Access::new(access));
                NonceRule::Ours(nonce)
            }
            Verdict::Public => {
                report::public(&arrival.id);
                NonceRule::Untouched
            }
            Verdict::Reported(denial) => {
                let challenge = challenge(shared, &denial, &request, &arrival);
                report::reported(&denial, &challenge, &arrival.id);
                let nonce = challenge.nonce().cloned();
                let reported = Reported::new(denial, challenge);
                request.extensions_mut().insert(reported);
                NonceRule::Ours(nonce)
            }
            Verdict::Refused(denial) => {
                let challenge = challenge(shared, &denial, &request, &arrival);
                report::refused(&denial, &challenge, &arrival.id);
                return Self::Refused {
                    refusal: Some(Refusal {
                        denial,
                        challenge,
                        arrival,
                    }),
                };
            }
        };
        request.extensions_mut().insert(arrival.id.clone());
        Self::Inner {
            response: inner.call(request),
            nonce,
            id: arrival.id,
        }
    }
}

fn challenge<B>(
    shared: &Shared,
    denial: &Denial,
    request: &Request<B>,
    arrival: &Arrival,
) -> Challenge {
    let uri = (arrival.hooks.original_uri)(request.extensions()).unwrap_or(request.uri());
    shared
        .verifier
        .challenge(denial, authority(uri, request.headers()))
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
                StateProj::Inner {
                    response,
                    nonce,
                    id,
                } => {
                    let mut response = ready!(response.poll(cx))?;
                    if let NonceRule::Ours(nonce) = nonce {
                        response::set_nonce(&mut response, nonce.as_ref());
                    }
                    id.put_on(response.headers_mut());
                    return Poll::Ready(Ok(response));
                }
                StateProj::Refused { refusal } => match refusal.take() {
                    Some(refusal) => return Poll::Ready(Ok(refusal.into_response())),
                    // Polled after it was done.
                    None => return Poll::Pending,
                },
                StateProj::Waiting { waiting } => {
                    let Some(pending) = waiting else {
                        return Poll::Pending;
                    };
                    let verdict = ready!(pending.verdict.as_mut().poll(cx));
                    let Some(done) = waiting.take() else {
                        return Poll::Pending;
                    };
                    let Waiting {
                        mut inner,
                        request,
                        arrival,
                        shared,
                        ..
                    } = *done;
                    State::decided(verdict, request, &mut inner, arrival, &shared)
                }
            };
            state.set(next);
        }
    }
}

impl Refusal {
    fn into_response<B: Default>(self) -> Response<B> {
        let mut response = response::refuse(&self.challenge, self.arrival.protocol);
        self.arrival.id.put_on(response.headers_mut());
        response.extensions_mut().insert(self.denial);
        response
    }
}
