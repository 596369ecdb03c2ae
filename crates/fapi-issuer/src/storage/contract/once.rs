//! What serves once, whoever asks at the same time.

use fapi_core::ReplayOutcome::{Forgotten, Fresh, Seen};
use tokio::task::JoinSet;

use super::*;

/// Callers at the same time.
const MANY: usize = 64;

pub(super) async fn a_thing_is_taken_once(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    let name = id("a");
    let take = |seconds| storage.take::<Thing>(&name, NOW.plus(seconds));
    assert_eq!(take(0).await, Ok(Taken::First(thing("one"))));
    assert_eq!(take(0).await, Ok(Taken::Again(thing("one"))));
    assert_eq!(take(9).await, Ok(Taken::Again(thing("one"))));
    assert_eq!(take(10).await, Ok(Taken::Unknown));
}

pub(super) async fn what_was_taken_is_not_there(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    storage.take::<Thing>(&id("a"), NOW).await.unwrap();
    assert_eq!(storage.get::<Thing>(&id("a"), NOW).await, Ok(None));
}

pub(super) async fn of_many_takers_one_is_the_first(storage: Shared) {
    for round in 0..20 {
        let name = id(&round.to_string());
        keep(&storage, &round.to_string(), "one", NOW.plus(10)).await;
        let taken = many(&storage, move |storage, _| async move {
            storage.take::<Thing>(&name, NOW).await.unwrap()
        });
        let taken = taken.await;
        let firsts = taken
            .iter()
            .filter(|taken| **taken == Taken::First(thing("one")));
        let others = taken
            .iter()
            .filter(|taken| **taken == Taken::Again(thing("one")));
        assert_eq!((firsts.count(), others.count()), (1, MANY - 1));
    }
}

pub(super) async fn a_use_is_fresh_once(storage: Shared) {
    let one = used("one", NOW.plus(10));
    assert_eq!(storage.use_once(&[], NOW).await, Ok(vec![]));
    assert_eq!(storage.use_once(&[one], NOW).await, Ok(vec![Fresh]));
    assert_eq!(storage.use_once(&[one], NOW).await, Ok(vec![Seen]));
    let other = used("other", NOW.plus(10));
    assert_eq!(storage.use_once(&[other], NOW).await, Ok(vec![Fresh]));
}

pub(super) async fn a_use_serves_until_the_end_of_its_last_second(storage: Shared) {
    let (one, two) = (used("one", NOW.plus(10)), used("two", NOW.plus(10)));
    assert_eq!(storage.use_once(&[one], NOW).await, Ok(vec![Fresh]));
    let last = NOW.plus(10);
    assert_eq!(storage.use_once(&[one], last).await, Ok(vec![Seen]));
    assert_eq!(storage.use_once(&[two], last).await, Ok(vec![Fresh]));
    let three = used("three", NOW.plus(10));
    let after = NOW.plus(11);
    assert_eq!(storage.use_once(&[three], after).await, Ok(vec![Forgotten]));
}

pub(super) async fn uses_stop_at_the_first_that_is_not_fresh(storage: Shared) {
    let (one, two, three) = (
        used("one", NOW.plus(10)),
        used("two", NOW.plus(10)),
        used("three", NOW.plus(10)),
    );
    assert_eq!(
        storage.use_once(&[one, two], NOW).await,
        Ok(vec![Fresh, Fresh])
    );
    assert_eq!(storage.use_once(&[one, three], NOW).await, Ok(vec![Seen]));
    assert_eq!(
        storage.use_once(&[three, two], NOW).await,
        Ok(vec![Fresh, Seen])
    );
}

pub(super) async fn of_many_users_one_is_fresh(storage: Shared) {
    for round in 0..20 {
        let once = used(&round.to_string(), NOW.plus(10));
        let outcomes = many(&storage, move |storage, _| async move {
            storage.use_once(&[once], NOW).await.unwrap()
        });
        let outcomes = outcomes.await;
        let fresh = outcomes.iter().filter(|outcomes| **outcomes == [Fresh]);
        let seen = outcomes.iter().filter(|outcomes| **outcomes == [Seen]);
        assert_eq!((fresh.count(), seen.count()), (1, MANY - 1));
    }
}

/// As recorded requests come again: each with a proof of its own, all with the same assertion.
pub(super) async fn of_many_pairs_each_is_used_once(storage: Shared) {
    let assertion = used("assertion", NOW.plus(10));
    let outcomes = many(&storage, move |storage, number| async move {
        let proof = used(&number.to_string(), NOW.plus(10));
        storage.use_once(&[proof, assertion], NOW).await.unwrap()
    });
    let outcomes = outcomes.await;
    let fresh = outcomes
        .iter()
        .filter(|outcomes| **outcomes == [Fresh, Fresh]);
    let seen = outcomes
        .iter()
        .filter(|outcomes| **outcomes == [Fresh, Seen]);
    assert_eq!((fresh.count(), seen.count()), (1, MANY - 1));
}

/// What they are told who all do this at once.
async fn many<T: Send + 'static, A: Future<Output = T> + Send + 'static>(
    storage: &Shared,
    act: impl Fn(Shared, usize) -> A,
) -> Vec<T> {
    let mut callers = JoinSet::new();
    for number in 0..MANY {
        callers.spawn(act(storage.clone(), number));
    }
    callers.join_all().await
}
