//! The verbs, one after the other.

use super::*;

pub(super) async fn a_thing_is_there_for_who_knows_its_name(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    assert_eq!(storage.get(&id("a"), NOW).await, Ok(Some(thing("one"))));
    assert_eq!(storage.get::<Thing>(&id("b"), NOW).await, Ok(None));
}

pub(super) async fn what_is_there_stays_when_another_comes(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    keep(&storage, "a", "two", NOW.plus(20)).await;
    assert_eq!(storage.get(&id("a"), NOW).await, Ok(Some(thing("one"))));
    let later = NOW.plus(10);
    assert_eq!(storage.get::<Thing>(&id("a"), later).await, Ok(None));
    // Nor does it become untaken.
    keep(&storage, "b", "one", NOW.plus(10)).await;
    storage.take::<Thing>(&id("b"), NOW).await.unwrap();
    keep(&storage, "b", "two", NOW.plus(10)).await;
    assert_eq!(
        storage.take(&id("b"), NOW).await,
        Ok(Taken::Again(thing("one")))
    );
}

pub(super) async fn a_replacement_takes_the_place(storage: Shared) {
    let replace = async |text: &str, seconds| {
        let (value, expires) = (thing(text), NOW.plus(seconds));
        storage
            .replace(id("a"), &value, Owner::Issuer, expires, NOW)
            .await
            .unwrap();
    };
    replace("one", 10).await;
    replace("two", 20).await;
    let later = NOW.plus(15);
    assert_eq!(storage.get(&id("a"), later).await, Ok(Some(thing("two"))));
    storage.take::<Thing>(&id("a"), NOW).await.unwrap();
    replace("three", 20).await;
    assert_eq!(
        storage.take(&id("a"), NOW).await,
        Ok(Taken::First(thing("three")))
    );
}

pub(super) async fn what_is_removed_is_gone(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    storage.remove(Kind::Code, &id("a")).await.unwrap();
    storage.remove(Kind::Code, &id("a")).await.unwrap();
    assert_eq!(storage.get::<Thing>(&id("a"), NOW).await, Ok(None));
    let taken = storage.take::<Thing>(&id("a"), NOW).await;
    assert_eq!(taken, Ok(Taken::Unknown));
    keep(&storage, "a", "two", NOW.plus(10)).await;
    assert_eq!(storage.get(&id("a"), NOW).await, Ok(Some(thing("two"))));
}

pub(super) async fn kinds_do_not_meet(storage: Shared) {
    keep(&storage, "a", "one", NOW.plus(10)).await;
    assert_eq!(storage.get::<Other>(&id("a"), NOW).await, Ok(None));
    let taken = storage.take::<Other>(&id("a"), NOW).await;
    assert_eq!(taken, Ok(Taken::Unknown));
    storage.remove(Other::KIND, &id("a")).await.unwrap();
    assert_eq!(storage.list::<Other>(NOW).await, Ok(vec![]));
    assert_eq!(storage.get(&id("a"), NOW).await, Ok(Some(thing("one"))));
}

pub(super) async fn few_things_are_listed(storage: Shared) {
    assert_eq!(storage.list::<Thing>(NOW).await, Ok(vec![]));
    for (name, seconds) in [("a", 10), ("b", 20), ("c", 20), ("d", 20)] {
        keep(&storage, name, name, NOW.plus(seconds)).await;
    }
    storage.remove(Kind::Code, &id("b")).await.unwrap();
    storage.take::<Thing>(&id("c"), NOW).await.unwrap();
    let mut listed = storage.list::<Thing>(NOW).await.unwrap();
    listed.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(listed, [thing("a"), thing("d")]);
    let later = NOW.plus(10);
    assert_eq!(storage.list(later).await, Ok(vec![thing("d")]));
}

pub(super) async fn any_text_comes_back_as_it_was(storage: Shared) {
    let texts = [
        "",
        "\0",
        "'; DROP TABLE entry; --",
        "\u{1f511} ключ",
        &"x".repeat(100_000),
    ];
    for (place, text) in texts.into_iter().enumerate() {
        let name = place.to_string();
        keep(&storage, &name, text, NOW.plus(10)).await;
        assert_eq!(storage.get(&id(&name), NOW).await, Ok(Some(thing(text))));
    }
}
