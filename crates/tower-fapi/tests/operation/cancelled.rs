//! Clients that go away while their proof is inserted into a store that answers later.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use fapi_core::dpop::Epoch;
use fapi_core::{ReplayAnswer, ReplayOutcome, ReplayQuery, Unavailable, UnixTime};
use tokio::sync::Semaphore;
use tower_fapi::ports::{Answer, ReplayStore};
use tower_fapi::testing::{TestClock, TestIssuer};
use tower_fapi::{FapiLayer, Reason};

use crate::door::{AS, Door, NOW, Outcome, outcome};

/// Answers when the gate lets a question through.
#[derive(Clone)]
struct Slow {
    gate: Arc<Semaphore>,
    used: Arc<Mutex<Vec<fapi_core::dpop::ReplayKey>>>,
    answered: Arc<AtomicUsize>,
}

impl ReplayStore for Slow {
    fn epoch(&self) -> Option<Epoch> {
        Some(Epoch::new(1, NOW))
    }

    fn insert(
        &self,
        query: ReplayQuery<'_>,
        _: UnixTime,
    ) -> Answer<Result<ReplayAnswer, Unavailable>> {
        let (store, key) = (self.clone(), query.key);
        Answer::Later(Box::pin(async move {
            store.gate.acquire().await.unwrap().forget();
            let mut used = store.used.lock().unwrap();
            let outcome = if used.contains(&key) {
                ReplayOutcome::Seen
            } else {
                used.push(key);
                ReplayOutcome::Fresh
            };
            store.answered.fetch_add(1, Ordering::SeqCst);
            Ok(ReplayAnswer {
                outcome,
                epoch: Epoch::new(1, NOW),
            })
        }))
    }
}

struct Scene {
    store: Slow,
    door: Door,
    token: String,
}

impl Scene {
    /// Each key may have so many proofs in the store.
    fn with_quota(per_key: u32) -> Self {
        let clock = TestClock::at(NOW);
        let issuer = TestIssuer::new(AS);
        let mut config = issuer.resource_config();
        config.dpop.replay.per_key = Some(per_key);
        let store = Slow {
            gate: Arc::new(Semaphore::new(0)),
            used: Arc::default(),
            answered: Arc::default(),
        };
        let layer = FapiLayer::builder(config)
            .replay_store(store.clone())
            .clock(clock.source())
            .build();
        let door = Door::new(layer.unwrap(), &clock);
        let token = issuer.token(door.client.thumbprint(), NOW).build();
        Self { store, door, token }
    }

    /// Sends a request and goes away while the store is asked.
    fn ask_and_go(&self, proof: &str) {
        let mut waiting = Box::pin(self.door.begin(&self.token, proof));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
    }

    /// Lets everything through from now on, and waits for so many answers.
    async fn open(&self, answers: usize) {
        self.store.gate.add_permits(Semaphore::MAX_PERMITS / 2);
        // One thread: who has seen the answer has also acted on it.
        while self.store.answered.load(Ordering::SeqCst) < answers {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_a_gone_client_has_inserted_counts() {
    let scene = Scene::with_quota(3);
    for _ in 0..3 {
        scene.ask_and_go(&scene.door.proof(&scene.token));
    }
    scene.open(3).await;
    let over = Outcome::Refused(Reason::QuotaKey);
    assert_eq!(scene.door.outcome(&scene.token).await, over);
}

#[tokio::test]
async fn a_captured_proof_does_not_use_up_its_owners_quota() {
    let scene = Scene::with_quota(2);
    let captured = scene.door.proof(&scene.token);
    for _ in 0..100 {
        scene.ask_and_go(&captured);
    }
    scene.open(100).await;
    let replayed = outcome(&scene.door.send(&scene.token, &captured).await);
    assert_eq!(replayed, Outcome::Refused(Reason::ProofReplayed));
    // One of two places is taken.
    assert_eq!(scene.door.outcome(&scene.token).await, Outcome::Accepted);
    let over = Outcome::Refused(Reason::QuotaKey);
    assert_eq!(scene.door.outcome(&scene.token).await, over);
}

#[tokio::test]
async fn what_was_never_asked_is_not_asked_afterwards() {
    let scene = Scene::with_quota(1);
    drop(
        scene
            .door
            .begin(&scene.token, &scene.door.proof(&scene.token)),
    );
    scene.open(0).await;
    assert_eq!(scene.door.outcome(&scene.token).await, Outcome::Accepted);
    assert_eq!(scene.store.answered.load(Ordering::SeqCst), 1);
}
