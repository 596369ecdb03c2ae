//! A test that is run for each of its variants.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::party::{Number, Party};
use super::user_agent::UserAgent;
use super::variant::{Variant, Variants};
use super::world::{Nonces, World};

/// One variant of a test: servers, both clients, and a browser that has not been anywhere yet.
pub struct Run {
    pub world: Arc<World>,
    pub variant: Variant,
    user_agent: UserAgent,
}

impl Run {
    pub fn new(world: &Arc<World>, variant: Variant) -> Self {
        Self {
            user_agent: UserAgent::new(world.http(None)),
            world: Arc::clone(world),
            variant,
        }
    }

    pub fn first(&self) -> Party {
        self.party(Number::First)
    }

    pub fn second(&self) -> Party {
        self.party(Number::Second)
    }

    pub fn both(&self) -> [Party; 2] {
        Number::BOTH.map(|number| self.party(number))
    }

    fn party(&self, number: Number) -> Party {
        Party::new(&self.world, self.variant, number, &self.user_agent)
    }
}

impl Variants {
    /// Runs a test for each of these variants, at servers of its own.
    ///
    /// # Panics
    ///
    /// It failed for some variants: all of them are named.
    pub async fn each(self, test: impl AsyncFn(Run)) {
        self.each_at(Nonces::Off, test).await;
    }

    /// The same for a test that needs but the first client.
    pub async fn each_first(self, test: impl AsyncFn(Party)) {
        self.each(async |run| test(run.first()).await).await;
    }

    /// The same at servers that ask for nonces, or not.
    pub async fn each_at(self, nonces: Nonces, test: impl AsyncFn(Run)) {
        let world = World::start(nonces).await;
        let mut failures = Vec::new();
        for variant in self.iter() {
            let run = test(Run::new(&world, variant));
            if let Err(why) = caught(run).await {
                failures.push(format!("{variant}: {why}"));
            }
        }
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    }
}

/// The outcome of a test, or why it panicked.
async fn caught(test: impl Future<Output = ()>) -> Result<(), String> {
    let mut test = pin!(test);
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| test.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(message(&*panic))),
        }
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic").to_owned()
}
