//! Each call of the host fails in turn: the VM lives, and what fails decides against the request.

use std::rc::Rc;

use fapi_tests::module::{Faults, ForeignFunctions, Worker, World, imports};
use fapi_tests::random::Random;
use serde_json::Value;

use crate::cast::*;

/// Calls without which a good request may still go on: they tell the operator something, or the module has its own way.
const HARMLESS: [&str; 8] = [
    "proxy_log",
    "proxy_get_log_level",
    "proxy_define_metric",
    "proxy_increment_metric",
    // Once it works, the vm_id is known; nothing else is asked of a plain request.
    "proxy_get_property",
    // Keys in the document need no ticks.
    "proxy_set_tick_period_milliseconds",
    // Only while the plugin starts.
    "proxy_get_buffer_bytes",
    // Nothing in an accepted request without new interaction id depends on new random bytes.
    "random_get",
];

/// Calls that a plain request does not make.
const UNUSED: [&str; 4] = [
    "proxy_http_call",
    "proxy_continue_stream",
    "proxy_send_local_response",
    "proxy_set_property",
];

/// When a call begins to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Start,
    Request,
}

fn failing(import: &str, status: u32) -> Faults {
    Faults::Always {
        import: import.to_owned(),
        status,
    }
}

fn each_fault(mut play: impl FnMut(&str, u32)) {
    let mut played = 0;
    for import in imports() {
        for status in Faults::statuses_of(&import) {
            play(&import, *status);
            played += 1;
        }
    }
    assert!(played > 60, "{played}");
}

fn start(document: &Value, faults: Faults, since: Since) -> Worker {
    let mut late = Some(faults);
    let change = |world: &mut World| {
        if since == Since::Start {
            world.faults = late.take().unwrap();
        }
    };
    let (mut worker, _) = Worker::start_with(&document.to_string(), &Rc::default(), change);
    if let Some(faults) = late {
        worker.world().faults = faults;
    }
    worker
}

#[test]
fn what_fails_decides_against_the_request() {
    let cast = Cast::new();
    let document = cast.document();
    each_fault(|import, status| {
        for since in [Since::Start, Since::Request] {
            let about = format!("{import} {status} {since:?}");
            let mut worker = start(&document, failing(import, status), since);
            let good = worker.request(cast.good());
            let stream = worker.stream(good);
            let may_go_on = HARMLESS.contains(&import) || UNUSED.contains(&import);
            let verifies_itself = import == "proxy_call_foreign_function" && since == Since::Start;
            if stream.forwarded {
                assert!(may_go_on || verifies_itself, "{about}: went on");
            }
            if let Some(reply) = stream.reply {
                assert!(
                    matches!(reply.status, 401 | 503),
                    "{about}: {}",
                    reply.status
                );
            }
            let bad = worker.request(without(cast.good(), "dpop"));
            assert!(!worker.stream(bad).forwarded, "{about}");
            assert_decent(&mut worker);
        }
    });
}

#[test]
fn a_proof_is_used_once_whatever_fails() {
    let cast = Cast::new();
    let document = cast.document();
    each_fault(|import, status| {
        let mut worker = start(&document, Faults::None, Since::Start);
        let good = cast.good();
        let first = worker.request(good.clone());
        assert_forwarded(&mut worker, first);
        worker.world().faults = failing(import, status);
        let again = worker.request(good);
        assert!(!worker.stream(again).forwarded, "{import} {status}");
    });
}

#[test]
fn what_fails_while_a_request_waits_lets_nothing_bad_through() {
    let cast = Cast::new();
    let document = cast.fetching();
    each_fault(|import, status| {
        let mut worker = start(&document, Faults::None, Since::Start);
        let good = cast.good();
        let waiting = [good.clone(), good, cast.forged()].map(|request| worker.request(request));
        worker.tick();
        let call = worker.last_call();
        worker.world().faults = failing(import, status);
        worker.answer(&call, &JSON, &cast.issuer.jwks());
        worker.tick();
        let went_on = waiting.map(|id| worker.stream(id).forwarded);
        assert!(
            matches!(went_on, [true | false, false, false]),
            "{import} {status}: {went_on:?}"
        );
        assert_decent(&mut worker);
    });
}

#[test]
fn what_fails_around_an_introspection_lets_nothing_bad_through() {
    let cast = Cast::new();
    let document = cast.introspecting();
    each_fault(|import, status| {
        let mut worker = start(&document, Faults::None, Since::Start);
        let request = cast.opaque();
        let good = worker.request(request.clone());
        let call = worker.last_call();
        let inactive = worker.request(cast.opaque());
        let about_inactive = worker.last_call();
        worker.world().faults = failing(import, status);
        let late = worker.request(request);
        worker.answer(&call, &JSON, &cast.active());
        worker.answer(&about_inactive, &JSON, r#"{"active":false}"#);
        let _ = worker.stream(good);
        assert!(!worker.stream(inactive).forwarded, "{import} {status}");
        assert!(!worker.stream(late).forwarded, "{import} {status}");
        assert_decent(&mut worker);
    });
}

#[test]
fn failures_now_and_then_let_no_proof_through_twice() {
    let cast = Cast::new();
    let document = cast.document();
    let mut random = Random::new(11);
    for round in 0..60 {
        let faults = Faults::Now {
            one_in: 2 + random.below(20),
            random: random.clone(),
        };
        random.number();
        let mut worker = start(&document, faults, Since::Request);
        for _ in 0..5 {
            let good = cast.good();
            let uses = [good.clone(), good.clone(), good].map(|request| worker.request(request));
            let went_on = uses.map(|id| worker.stream(id).forwarded);
            assert!(
                went_on.iter().filter(|went_on| **went_on).count() <= 1,
                "round {round}: {went_on:?}"
            );
            let bad = worker.request(without(cast.good(), "dpop"));
            assert!(!worker.stream(bad).forwarded, "round {round}");
        }
        worker.world().faults = Faults::None;
        let good = worker.request(cast.good());
        assert_forwarded(&mut worker, good);
        assert_decent(&mut worker);
    }
}

#[test]
fn a_host_that_loses_its_function_verifies_nothing() {
    let cast = Cast::new();
    let mut worker = start(&cast.document(), Faults::None, Since::Start);
    worker.world().foreign_functions = ForeignFunctions::Missing;
    let id = worker.request(cast.good());
    assert_eq!(worker.status(id), 401);
}
