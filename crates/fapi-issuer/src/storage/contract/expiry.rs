//! Time, which is what the caller says it is.

use fapi_core::ReplayOutcome;

use super::*;

pub(super) async fn a_thing_is_there_until_it_expires(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    for (seconds, there) in [(9, true), (10, false)] {
        let now = NOW.plus(seconds);
        let found = storage.get::<Thing>(&id("a"), now).await.unwrap();
        assert_eq!(found.is_some(), there, "{seconds}");
    }
    let taken = storage.take::<Thing>(&id("a"), NOW.plus(10)).await;
    assert_eq!(taken, Ok(Taken::Unknown));
}

pub(super) async fn a_name_is_free_again_after_expiry(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    storage.take::<Thing>(&id("a"), NOW).await.unwrap();
    let later = NOW.plus(10);
    storage
        .insert(id("a"), &thing("two"), Owner::Issuer, NOW.plus(20), later)
        .await
        .unwrap();
    assert_eq!(storage.get(&id("a"), later).await, Ok(Some(thing("two"))));
}

pub(super) async fn a_sweep_drops_nothing_that_lives(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    keep(&storage, "b", "one", NOW.plus(11)).await;
    keep(&storage, "c", "one", NOW.plus(11)).await;
    storage.take::<Thing>(&id("c"), NOW).await.unwrap();
    let (one, two) = (used("one", NOW.plus(9)), used("two", NOW.plus(10)));
    storage.use_once(&[one, two], NOW).await.unwrap();
    let later = NOW.plus(10);
    storage.sweep(later).await.unwrap();
    assert_eq!(storage.get::<Thing>(&id("a"), NOW).await, Ok(None));
    assert_eq!(storage.get(&id("b"), later).await, Ok(Some(thing("one"))));
    // Not even what was taken: the next one must be told.
    assert_eq!(
        storage.take(&id("c"), later).await,
        Ok(Taken::Again(thing("one")))
    );
    let outcomes = storage.use_once(&[two], later).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Seen]));
}

pub(super) async fn many_that_expired_are_swept(storage: Shared) {
    for number in 0..1200 {
        keep(&storage, &number.to_string(), "one", NOW.plus(10)).await;
    }
    storage.sweep(NOW.plus(10)).await.unwrap();
    // By a clock of before they would be there.
    let mut left = 0;
    for number in 0..1200 {
        let found = storage.get::<Thing>(&id(&number.to_string()), NOW).await;
        left += usize::from(found.unwrap().is_some());
    }
    assert_eq!(left, 0);
}

pub(super) async fn a_clock_set_back_revives_nothing_that_was_swept(storage: Shared) {
    let expires = NOW.plus(300);
    let revoked = Other(String::new());
    storage
        .insert(id("a"), &revoked, Owner::Issuer, expires, NOW)
        .await
        .unwrap();
    let once = used("one", expires);
    storage.use_once(&[once], NOW).await.unwrap();
    let knows = async |name, expires| {
        storage
            .has_or_forgot(Other::KIND, &id(name), expires, NOW)
            .await
            .unwrap()
    };
    assert!(knows("a", expires).await);
    assert!(!knows("b", expires).await);
    // The clock was ahead, and is set back.
    storage.sweep(NOW.plus(1000)).await.unwrap();
    assert!(knows("a", expires).await);
    assert!(!knows("b", expires.plus(1)).await);
    let outcomes = storage.use_once(&[once], NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Forgotten]));
    // What would expire later than all that was dropped cannot have been dropped.
    let outcomes = storage.use_once(&[used("two", expires.plus(1))], NOW).await;
    assert_eq!(outcomes, Ok(vec![ReplayOutcome::Fresh]));
}
