//! The response future: refused at once, or inside the service.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// The future of [`Require`](crate::Require).
    pub struct RequireFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Refused { response: Option<Response<()>> },
        Inner {
            #[pin]
            response: F,
        },
    }
}

impl<F> RequireFuture<F> {
    pub(super) const fn refused(response: Response<()>) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }

    pub(super) const fn inner(response: F) -> Self {
        Self {
            state: State::Inner { response },
        }
    }
}

impl<F, ResBody, E> Future for RequireFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { response } => response.poll(cx),
            StateProj::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map(|()| ResBody::default()))),
                // Polled after it was done.
                None => Poll::Pending,
            },
        }
    }
}
