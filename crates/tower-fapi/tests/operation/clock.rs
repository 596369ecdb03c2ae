//! A clock that ran ahead and came back.

use tower_fapi::testing::{TestClock, TestIssuer};
use tower_fapi::{FapiLayer, Reason};

use crate::door::{AS, Door, NOW, Outcome, header, outcome};

const AHEAD: i64 = 1000;

struct Scene {
    issuer: TestIssuer,
    door: Door,
}

impl Scene {
    fn new() -> Self {
        let clock = TestClock::at(NOW);
        let issuer = TestIssuer::new(AS);
        let mut config = issuer.resource_config();
        config.dpop.replay.capacity = 1024;
        let layer = FapiLayer::builder(config).clock(clock.source()).build();
        Self {
            issuer,
            door: Door::new(layer.unwrap(), &clock),
        }
    }

    fn token(&self) -> String {
        let token = self.issuer.token(self.door.client.thumbprint(), NOW);
        token.expires_at(NOW.plus(100_000)).build()
    }

    /// A request without nonce, then another one with the nonce that it was told, if it was.
    async fn served(&self, token: &str) -> (Outcome, Option<Outcome>) {
        let first = self.door.send(token, &self.door.proof(token)).await;
        let Some(nonce) = header(&first, "dpop-nonce") else {
            return (outcome(&first), None);
        };
        let proof = self.door.proof_with(token, Some(nonce));
        let second = self.door.send(token, &proof).await;
        (outcome(&first), Some(outcome(&second)))
    }
}

#[tokio::test]
async fn clients_are_served_again_with_one_nonce_and_no_used_proof_is() {
    let scene = Scene::new();
    let (door, clock) = (&scene.door, &scene.door.clock);
    let token = scene.token();
    let before = door.proof(&token);
    assert_eq!(
        outcome(&door.send(&token, &before).await),
        Outcome::Accepted
    );

    clock.advance(AHEAD);
    let ahead = door.proof(&token);
    assert_eq!(outcome(&door.send(&token, &ahead).await), Outcome::Accepted);
    // Long enough for the entries of that time to expire and be dropped.
    clock.advance(200);
    assert_eq!(scene.served(&token).await, (Outcome::Accepted, None));
    clock.set(NOW.plus(5));

    let told = Outcome::Refused(Reason::ProofForgotten);
    let challenged = scene.served(&token).await;
    assert_ne!(challenged.0, Outcome::Accepted);
    assert_eq!(challenged.1, Some(Outcome::Accepted), "{told:?}");
    // Also the next ones, which are told of the epoch at once.
    let early = Outcome::Refused(Reason::ProofBeforeEpoch);
    assert_eq!(
        scene.served(&token).await,
        (early.clone(), Some(Outcome::Accepted))
    );
    assert_eq!(outcome(&door.send(&token, &before).await), early);

    // The proof of the time that was wrong then, when it is right.
    clock.set(NOW.plus(AHEAD));
    assert_eq!(outcome(&door.send(&token, &ahead).await), early);
    clock.set(NOW.plus(AHEAD + 400));
    assert_eq!(scene.served(&token).await, (Outcome::Accepted, None));
}

#[tokio::test]
async fn a_clock_that_goes_back_a_little_costs_nobody_anything() {
    let scene = Scene::new();
    let (door, token) = (&scene.door, scene.token());
    door.clock.advance(20);
    let used = door.proof(&token);
    assert_eq!(outcome(&door.send(&token, &used).await), Outcome::Accepted);
    door.clock.advance(-10);
    assert_eq!(scene.served(&token).await, (Outcome::Accepted, None));
    let again = Outcome::Refused(Reason::ProofReplayed);
    assert_eq!(outcome(&door.send(&token, &used).await), again);
}
