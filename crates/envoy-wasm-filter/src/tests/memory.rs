//! The memory of used proofs, when workers or the clock come in between.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::mock::{Shared, Worker};
use super::{Cast, NOW, headers, send, send_good};

/// R27: both workers have found the proof unused, and the other one writes first.
#[test]
fn of_two_workers_that_write_at_once_the_second_sees_what_the_first_wrote() {
    let cast = Cast::new();
    let document = cast.document().to_string();
    let mut one = Worker::start(&document, &cast.shared).unwrap();
    let values = cast.shared.borrow().values.clone();
    let elsewhere = Rc::new(RefCell::new(Shared::default()));
    elsewhere.borrow_mut().values = values.clone();
    let mut two = Worker::start(&document, &elsewhere).unwrap();
    let token = cast.token("k1");
    let request = headers(&token, &cast.proof(&token));

    let first = send(&mut two, &request);
    assert!(two.stream(first).resumed);
    let written = elsewhere.borrow().values.clone();
    cast.shared.borrow_mut().rival = written
        .into_iter()
        .filter(|(key, value)| values.get(key) != Some(value))
        .map(|(key, (value, _))| (key, value))
        .collect();
    assert_eq!(cast.shared.borrow().rival.len(), 1);

    let second = send(&mut one, &request);
    assert_eq!(one.status(second), 401);
    assert_eq!(one.count("fapi.refused.proof_replayed"), 1);
}

/// R28: a clock that is set, forwards and back.
#[test]
fn a_clock_that_jumps_opens_no_replay() {
    for jump in [-3_600, -30, -1, 1, 30, 61, 3_600, 86_400] {
        let cast = Cast::new();
        let mut worker = cast.worker(&cast.document());
        let token = cast.token("k1");
        let request = headers(&token, &cast.proof(&token));
        let first = send(&mut worker, &request);
        assert!(worker.stream(first).resumed);

        let there = NOW.checked_add_signed(jump).unwrap();
        for now in [there, NOW, NOW + 1] {
            worker.world(|world| world.now = Duration::from_secs(now));
            let again = send(&mut worker, &request);
            assert_eq!(worker.status(again), 401, "{jump}, at {now}");
            // What others do meanwhile may sweep the memory.
            for _ in 0..50 {
                send_good(&mut worker, &cast, "k1");
            }
        }
    }
}
