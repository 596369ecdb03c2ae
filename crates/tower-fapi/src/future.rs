//! The response future: refused at once, waiting for a verdict, or inside the service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use fapi_core::dpop::Nonce;
use fapi_core::{Accepted, Challenge, Denial, Protocol, RequestKind, Verdict};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::access::Access;
use crate::drive::Shared;
use crate::interaction::InteractionId;
use crate::measure::{self, Decision, Stopwatch};
use crate::ports::PortFuture;
use crate::refusal::Refusal;
use crate::report::{self, Reported};
use crate::response;
use crate::target::{Hooks, Preflight, authority, kind};

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
    pub(crate) begun: Stopwatch,
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
                report::accepted(&arrival);
                let (clock, refusals) = (Arc::clone(&shared.clock), Arc::clone(&shared.refusals));
                let access = Access::new(access, clock, refusals);
                request.extensions_mut().insert(access);
                NonceRule::Ours(nonce)
            }
            Verdict::Public => {
                report::public(&arrival);
                if passes_as_preflight(shared, &request) {
                    request.extensions_mut().insert(Preflight);
                }
                NonceRule::Untouched
            }
            Verdict::Reported(denial) => {
                let challenge = challenge(shared, &denial, &request, &arrival);
                let now = (shared.clock)();
                measure::decided(Decision::Reported(denial.reason()), arrival.begun);
                let refusals = &shared.refusals;
                refusals.reported(&denial, &challenge, &arrival.id, now);
                let nonce = challenge.nonce().cloned();
                let reported = Reported::new(denial, challenge);
                request.extensions_mut().insert(reported);
                NonceRule::Ours(nonce)
            }
            Verdict::Refused(denial) => {
                let challenge = challenge(shared, &denial, &request, &arrival);
                let now = (shared.clock)();
                measure::decided(Decision::Refused(denial.reason()), arrival.begun);
                let refusals = &shared.refusals;
                refusals.refused(&denial, &challenge, &arrival.id, now);
                return Self::Refused {
                    refusal: Some(Refusal {
                        denial,
                        challenge,
                        protocol: arrival.protocol,
                        id: arrival.id,
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

/// Whether the configuration lets the request through because it is a CORS preflight request.
fn passes_as_preflight<B>(shared: &Shared, request: &Request<B>) -> bool {
    shared.verifier.policy().lets_preflight_pass()
        && kind(request.method(), request.headers()) == RequestKind::CorsPreflight
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
