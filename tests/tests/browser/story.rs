//! Tests as stories: what a user does in a browser of their own.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::browser::Browser;
use crate::layout::place;

/// Runs the story, and ends the browser. The console has to stay empty: what a policy of the page forbids is told
/// there. If the story fails, a picture and the source of the last page are kept, and the console is shown.
pub(crate) async fn tell(name: &str, browser: Browser, story: impl AsyncFnOnce(&Browser)) {
    let outcome = caught(async {
        story(&browser).await;
        assert_eq!(browser.console().await, Vec::<String>::new(), "the console");
    })
    .await;
    if outcome.is_err() {
        let [picture, source] = browser.save(&place(&format!("failed-{name}"))).await;
        eprintln!(
            "{name}: the last page is kept in {} and {}; the console says {:?}",
            picture.display(),
            source.display(),
            browser.console().await
        );
    }
    browser.end().await;
    if let Err(failure) = outcome {
        resume_unwind(failure);
    }
}

/// What a check says that has to fail.
pub(crate) async fn fails(check: impl Future<Output = ()>) -> String {
    let failure = caught(check).await.expect_err("a failure");
    failure
        .downcast_ref::<String>()
        .expect("a message with values in it")
        .clone()
}

/// Goes on after a panic.
async fn caught(story: impl Future<Output = ()>) -> Result<(), Box<dyn Any + Send>> {
    let mut story = pin!(story);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| story.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(failure) => Poll::Ready(Err(failure)),
        },
    )
    .await
}
