use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn json(text: impl Into<String>) -> Arc<IntrospectionBody> {
    Arc::new(IntrospectionBody::Json(text.into()))
}

fn active(expires_in: i64) -> Arc<IntrospectionBody> {
    let exp = NOW.plus(expires_in).as_secs();
    json(format!(r#"{{"active":true,"exp":{exp}}}"#))
}

fn inactive() -> Arc<IntrospectionBody> {
    json(r#"{"active":false}"#)
}

fn signed(age: i64, answer: &str) -> Arc<IntrospectionBody> {
    let iat = NOW.plus(-age).as_secs();
    let payload = format!(r#"{{"iat":{iat},"token_introspection":{answer}}}"#);
    let payload = URL_SAFE_NO_PAD.encode(payload);
    Arc::new(IntrospectionBody::Jwt(format!("h.{payload}.s")))
}

fn key(number: u32) -> Key {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key
}

/// The last second in which an answer is used, from the question on.
fn used_for(seconds: u32, body: &Arc<IntrospectionBody>) -> Option<i64> {
    let mut answers = Answers::new(seconds);
    answers.insert(key(1), body, NOW);
    assert!(answers.get(&key(2), NOW).is_none());
    (0..200)
        .take_while(|later| answers.get(&key(1), NOW.plus(*later)).as_ref() == Some(body))
        .last()
}

#[test]
fn an_answer_is_used_no_longer_than_it_may() {
    assert_eq!(used_for(0, &active(300)), None);
    assert_eq!(used_for(30, &active(300)), Some(29));
    assert_eq!(used_for(30, &active(7)), Some(6));
    assert_eq!(used_for(30, &active(0)), None);
    assert_eq!(used_for(30, &active(-1)), None);
    assert_eq!(used_for(30, &inactive()), Some(4));
    assert_eq!(used_for(3, &inactive()), Some(2));
    assert_eq!(used_for(0, &inactive()), None);
    let answer = format!(r#"{{"active":true,"exp":{}}}"#, NOW.plus(300).as_secs());
    assert_eq!(used_for(100, &signed(0, &answer)), Some(59));
    assert_eq!(used_for(100, &signed(50, &answer)), Some(9));
    assert_eq!(used_for(100, &signed(60, &answer)), None);
    assert_eq!(used_for(100, &signed(0, r#"{"active":false}"#)), Some(4));
}

#[test]
fn what_is_no_clear_answer_is_not_kept() {
    for text in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"active":true}"#,
        r#"{"active":"true","exp":1700000300}"#,
        r#"{"active":true,"exp":"1700000300"}"#,
        r#"{"active":true,"active":false}"#,
        r#"{"active":null}"#,
        r#"{"active":tr"#,
    ] {
        assert_eq!(used_for(30, &json(text)), None, "{text}");
        assert_eq!(used_for(30, &signed(0, text)), None, "{text}");
    }
    for jwt in ["", "a", "a.b.c", "..", "a.e30.c"] {
        let body = Arc::new(IntrospectionBody::Jwt(jwt.to_owned()));
        assert_eq!(used_for(30, &body), None, "{jwt}");
    }
    // The body of one kind is not read as the other.
    let IntrospectionBody::Json(text) = &*inactive() else {
        panic!("made as JSON");
    };
    let body = Arc::new(IntrospectionBody::Jwt(text.clone()));
    assert_eq!(used_for(30, &body), None);
}

#[test]
fn a_clock_that_goes_back_lengthens_nothing() {
    let mut answers = Answers::new(30);
    answers.insert(key(1), &active(300), NOW);
    assert!(answers.get(&key(1), NOW.plus(-1)).is_none());
    // Asked again then, and the token is revoked: the later answer stands when the clock is right again.
    answers.insert(key(1), &inactive(), NOW.plus(-1));
    assert_eq!(answers.get(&key(1), NOW), Some(inactive()));
    answers.insert(key(1), &active(300), NOW);
    assert_eq!(answers.get(&key(1), NOW.plus(20)), Some(active(300)));
}

#[test]
fn o13_random_tokens_displace_no_good_ones_and_take_bounded_room() {
    let mut answers = Answers::new(30);
    answers.insert(key(u32::MAX), &active(300), NOW);
    for number in 0..100_000 {
        answers.insert(key(number), &inactive(), NOW);
    }
    assert_eq!(answers.get(&key(u32::MAX), NOW), Some(active(300)));
    assert_eq!(answers.get(&key(99_999), NOW), Some(inactive()));
    assert!(answers.get(&key(0), NOW).is_none());
    let negative = &answers.negative;
    let entries = negative.young.entries.len() + negative.old.len();
    assert!(entries * 216 <= NEGATIVE_BYTES, "{entries}");
}

#[test]
fn large_answers_take_bounded_room() {
    let mut answers = Answers::new(30);
    let exp = NOW.plus(300).as_secs();
    let text = format!(
        r#"{{"active":true,"exp":{exp},"x":"{}"}}"#,
        "y".repeat(60_000)
    );
    let body = json(text);
    for number in 0..1000 {
        answers.insert(key(number), &body, NOW);
    }
    let shelf = &answers.positive;
    let entries = shelf.young.entries.len() + shelf.old.len();
    assert!(
        (100..=POSITIVE_BYTES / 60_000).contains(&entries),
        "{entries}"
    );
    let text = format!(
        r#"{{"active":true,"exp":{exp},"x":"{}"}}"#,
        "y".repeat(POSITIVE_BYTES / 2)
    );
    assert_eq!(used_for(30, &json(text)), None);
}

#[test]
fn what_is_over_leaves_the_memory() {
    let mut answers = Answers::new(30);
    answers.insert(key(1), &active(300), NOW);
    answers.get(&key(2), NOW.plus(31));
    assert_eq!(answers.positive.old.len(), 1);
    answers.insert(key(2), &active(300), NOW.plus(31));
    answers.get(&key(2), NOW.plus(62));
    assert!(!answers.positive.old.contains_key(&key(1)));
    answers.get(&key(2), NOW.plus(200));
    assert!(answers.positive.young.entries.is_empty());
}

#[test]
fn an_entry_is_counted_once() {
    let mut answers = Answers::new(30);
    for _ in 0..1000 {
        answers.insert(key(1), &active(300), NOW);
    }
    let weight = answers.positive.young.weight;
    answers.insert(key(1), &inactive(), NOW);
    assert!(weight < 400, "{weight}");
    assert_eq!(answers.positive.young.weight, 0);
}
