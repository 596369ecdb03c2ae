//! Many requests at once: how many questions an issuer sees.

#![expect(clippy::panic, reason = "helpers of tests may panic too")]

mod introspect_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fapi_core::UnixTime;
use introspect_support::*;
use tokio::sync::Semaphore;
use tower_fapi::introspect::HttpIntrospector;
use tower_fapi::ports::{Answer, IntrospectionBody, Introspector as _};

/// A server that answers when the gate is opened.
async fn gated() -> (Server, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let shut = Arc::clone(&gate);
    let server = Server::start(move |_| Reply::Gated(Arc::clone(&shut), json(&active()))).await;
    (server, gate)
}

fn limited(server: &Server, max_in_flight: u32) -> HttpIntrospector {
    let mut endpoint = endpoint(&server.origin, &signing_key());
    endpoint.max_in_flight = max_in_flight;
    introspector(endpoint)
}

fn is_refused(introspector: &HttpIntrospector, token: &str) -> bool {
    let query = fapi_core::IntrospectionQuery { issuer: AS, token };
    match introspector.introspect(query) {
        Answer::Now(Err(unavailable)) => {
            assert_eq!(unavailable.retry_after(), 1);
            true
        }
        Answer::Now(Ok(_)) => panic!("an answer out of nowhere"),
        Answer::Later(_) => false,
    }
}

#[tokio::test]
async fn o14_a_thousand_requests_with_one_token_ask_once() {
    let (server, gate) = gated().await;
    let introspector = limited(&server, 1);
    let waiting: Vec<_> = (0..1000).map(|_| begin(&introspector, TOKEN)).collect();
    let waiting: Vec<_> = waiting.into_iter().map(tokio::spawn).collect();
    gate.add_permits(1);
    for answer in waiting {
        let answer = answer.await.unwrap();
        assert_eq!(answer, Ok(IntrospectionBody::Json(active())));
    }
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn who_goes_away_takes_nobody_along() {
    let (server, gate) = gated().await;
    let introspector = limited(&server, 1);
    // The first has asked, and goes before it was ever polled; others go while they wait.
    drop(begin(&introspector, TOKEN));
    let waiting: Vec<_> = (0..10)
        .map(|_| tokio::spawn(begin(&introspector, TOKEN)))
        .collect();
    for gone in waiting.iter().step_by(2) {
        gone.abort();
    }
    gate.add_permits(1);
    let mut answered = 0;
    for answer in waiting {
        match answer.await {
            Ok(answer) => {
                assert_eq!(answer, Ok(IntrospectionBody::Json(active())));
                answered += 1;
            }
            Err(gone) => assert!(gone.is_cancelled()),
        }
    }
    assert_eq!(answered, 5);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn who_fails_fails_for_all_and_the_next_asks_again() {
    let server = Server::start(|number| {
        Reply::Bytes(if number == 0 {
            response("500 Internal Server Error", "text/plain", "")
        } else {
            json(&active())
        })
    })
    .await;
    let introspector = limited(&server, 1);
    let waiting: Vec<_> = (0..3).map(|_| begin(&introspector, TOKEN)).collect();
    for answer in waiting {
        assert_eq!(answer.await.unwrap_err().retry_after(), 5);
    }
    assert_eq!(server.received().len(), 1);
    assert!(ask(&introspector, TOKEN).await.is_ok());
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn questions_under_way_are_bounded() {
    let (server, gate) = gated().await;
    let introspector = limited(&server, 2);
    let (one, two) = (begin(&introspector, "one"), begin(&introspector, "two"));
    assert!(is_refused(&introspector, "three"));
    // Who waits with others asks nothing.
    let again = begin(&introspector, "one");
    gate.add_permits(2);
    for answer in [one, two, again] {
        assert!(answer.await.is_ok());
    }
    // There is room again as soon as the answers are there.
    gate.add_permits(2);
    let (three, four) = (begin(&introspector, "three"), begin(&introspector, "four"));
    assert!(is_refused(&introspector, "five"));
    assert!(three.await.is_ok() && four.await.is_ok());
    assert_eq!(server.received().len(), 4);
}

#[tokio::test]
async fn o04_each_request_gets_the_answer_about_its_own_token() {
    let gates: [Arc<Semaphore>; 2] = [Semaphore::new(0).into(), Semaphore::new(0).into()];
    let shut = gates.clone();
    let body = |number: usize| format!(r#"{{"active":false,"number":{number}}}"#);
    let server =
        Server::start(move |number| Reply::Gated(Arc::clone(&shut[number]), json(&body(number))))
            .await;
    let introspector = limited(&server, 2);
    let (one, two) = (begin(&introspector, "one"), begin(&introspector, "two"));
    let (one, two) = (tokio::spawn(one), tokio::spawn(two));
    // The one that asked later is answered first.
    gates[1].add_permits(1);
    while !one.is_finished() && !two.is_finished() {
        tokio::task::yield_now().await;
    }
    gates[0].add_permits(1);
    let answers = [("one", one.await.unwrap()), ("two", two.await.unwrap())];
    for (token, answer) in answers {
        let asked = server.received();
        let number = asked
            .iter()
            .position(|request| request.form()["token"] == token);
        assert_eq!(answer, Ok(IntrospectionBody::Json(body(number.unwrap()))));
    }
}

#[test]
fn a_runtime_that_ends_leaves_no_question_behind() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let (server, _gate) = first.block_on(gated());
    let introspector = limited(&server, 1);
    let waiting = {
        let _running = first.enter();
        begin(&introspector, TOKEN)
    };
    drop(first);
    let second = runtime();
    assert!(second.block_on(waiting).is_err());
    // No place is taken any more.
    let _running = second.enter();
    assert!(!is_refused(&introspector, "other"));
}

#[tokio::test]
async fn without_a_cache_each_request_asks() {
    let server = Server::always(json(&active())).await;
    let introspector = limited(&server, 1);
    for _ in 0..3 {
        assert!(ask(&introspector, TOKEN).await.is_ok());
    }
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn o11_an_answer_is_used_again_within_its_time_and_for_its_token() {
    let server = Server::always(json(&active())).await;
    let mut endpoint = endpoint(&server.origin, &signing_key());
    endpoint.cache_seconds = 10;
    let now = Arc::new(AtomicI64::new(NOW.as_secs()));
    let clock = Arc::clone(&now);
    let introspector = HttpIntrospector::builder(&config(endpoint))
        .clock(move || UnixTime::from_secs(clock.load(Ordering::SeqCst)))
        .build()
        .unwrap();
    for (later, token, asked) in [
        (0, "one", 1),
        (0, "one", 1),
        (0, "two", 2),
        (9, "one", 2),
        (10, "one", 3),
        (19, "one", 3),
        (19, "two", 4),
    ] {
        now.store(NOW.as_secs() + later, Ordering::SeqCst);
        let answer = ask(&introspector, token).await;
        assert_eq!(answer, Ok(IntrospectionBody::Json(active())));
        assert_eq!(server.received().len(), asked, "{later} {token}");
    }
}

#[tokio::test]
async fn failures_are_not_kept() {
    let server = Server::start(|number| {
        Reply::Bytes(match number {
            0 => response("500 Internal Server Error", "text/plain", ""),
            1 => json("<html>"),
            _ => json(&active()),
        })
    })
    .await;
    let mut endpoint = endpoint(&server.origin, &signing_key());
    endpoint.cache_seconds = 10;
    let introspector = introspector(endpoint);
    assert!(ask(&introspector, TOKEN).await.is_err());
    let page = IntrospectionBody::Json("<html>".to_owned());
    assert_eq!(ask(&introspector, TOKEN).await, Ok(page));
    for _ in 0..2 {
        let answer = ask(&introspector, TOKEN).await;
        assert_eq!(answer, Ok(IntrospectionBody::Json(active())));
    }
    assert_eq!(server.received().len(), 3);
}
