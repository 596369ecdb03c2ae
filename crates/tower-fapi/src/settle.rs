//! An insertion into the replay store, followed to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use fapi_core::{NeedReplayCheck, ReplayAnswer, Unavailable};
use tokio::runtime::Handle;

use crate::drive::Shared;
use crate::ports::PortFuture;

/// Waits for the store. Dropped while the store is asked, it leaves a task behind that waits instead.
///
/// A client that goes away meanwhile may have taken room all the same. Were that not counted, whoever has a token could
/// fill a shared store beyond his quota with requests that he cancels. Were it counted unseen, whoever captured a proof
/// could send it and cancel, again and again, and use up its owner's quota. So the answer is awaited in any case, and
/// only a fresh insertion counts. Without a tokio runtime there is nobody to wait, and it is not counted.
pub(crate) struct Settling {
    stage: Stage,
    /// Gone when the answer has been given.
    insertion: Option<Insertion>,
}

#[derive(PartialEq, Eq)]
enum Stage {
    /// The future of the store has never been polled: it has done nothing.
    New,
    Asked,
}

struct Insertion {
    shared: Arc<Shared>,
    need: NeedReplayCheck,
    answer: PortFuture<Result<ReplayAnswer, Unavailable>>,
}

impl Settling {
    pub(crate) const fn new(
        shared: Arc<Shared>,
        need: NeedReplayCheck,
        answer: PortFuture<Result<ReplayAnswer, Unavailable>>,
    ) -> Self {
        Self {
            stage: Stage::New,
            insertion: Some(Insertion {
                shared,
                need,
                answer,
            }),
        }
    }
}

impl Future for Settling {
    type Output = (
        Arc<Shared>,
        NeedReplayCheck,
        Result<ReplayAnswer, Unavailable>,
    );

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.stage = Stage::Asked;
        let Some(insertion) = &mut self.insertion else {
            // Polled after it was done.
            return Poll::Pending;
        };
        let answer = ready!(insertion.answer.as_mut().poll(cx));
        match self.insertion.take() {
            Some(Insertion { shared, need, .. }) => Poll::Ready((shared, need, answer)),
            None => Poll::Pending,
        }
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        let Some(Insertion {
            shared,
            need,
            answer,
        }) = self.insertion.take()
        else {
            return;
        };
        // A store that panicked is not asked again.
        if self.stage == Stage::New || std::thread::panicking() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let answer = answer.await;
                shared.count(&need, &answer, (shared.clock)());
            });
        }
    }
}
