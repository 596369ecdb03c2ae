//! Configurations.

use std::rc::Rc;

use fapi_tests::module::{ForeignFunctions, Worker};
use serde_json::json;

use crate::cast::*;

#[test]
fn a_good_document_is_taken_and_the_choice_of_signatures_logged() {
    let cast = Cast::new();
    let document = cast.document();
    let mut worker = cast.worker(&document);
    let log = worker.world().log.concat();
    assert!(log.contains("verify_signature"), "{log}");
    let id = worker.request(cast.good());
    assert_forwarded(&mut worker, id);
}

#[test]
fn without_the_hosts_function_the_module_verifies() {
    let cast = Cast::new();
    let mut document = cast.document();
    let missing = |world: &mut fapi_tests::module::World| {
        world.foreign_functions = ForeignFunctions::Missing;
    };
    let (mut worker, started) = Worker::start_with(&document.to_string(), &cast.shared, missing);
    assert!(started);
    let id = worker.request(cast.good());
    assert_forwarded(&mut worker, id);

    document["envoy"]["signatures"] = "host".into();
    let (mut worker, started) = Worker::start_with(&document.to_string(), &cast.shared, missing);
    assert!(!started);
    assert!(worker.world().log.concat().contains("envoy.signatures"));
}

#[test]
fn a_wrong_document_is_refused_with_its_field_and_no_request_goes_on() {
    let cast = Cast::new();
    let wrong = [
        (
            "dpop.replay.store",
            json!({ "replay": { "store": "memory" } }),
        ),
        ("dpop.max_age_seconds", json!({ "max_age_seconds": "long" })),
    ];
    for (field, dpop) in wrong {
        let mut document = cast.document();
        document["dpop"] = dpop;
        let (mut worker, started) = Worker::start(&document.to_string(), &Rc::default());
        assert!(!started);
        let log = worker.world().log.concat();
        assert!(log.contains(field), "{log}");
        let id = worker.request(cast.good());
        assert_eq!(worker.status(id), 503);
        assert_decent(&mut worker);
    }
    for document in ["", "{", "null", "\u{0}", "[]"] {
        let (mut worker, started) = Worker::start(document, &Rc::default());
        assert!(!started, "{document}");
        let id = worker.request(cast.good());
        assert_eq!(worker.status(id), 503);
    }
}

#[test]
fn a_plugin_without_a_vm_id_is_refused() {
    let cast = Cast::new();
    let document = cast.document().to_string();
    for id in [None, Some(Vec::new())] {
        let (mut worker, started) = Worker::start_with(&document, &Rc::default(), |world| {
            world.properties.clear();
            let id = id.map(|id| ("plugin_vm_id".to_owned(), id));
            world.properties.extend(id);
        });
        assert!(!started);
        assert!(worker.world().log.concat().contains("vm_config.vm_id"));
        let id = worker.request(cast.good());
        assert_eq!(worker.status(id), 503);
    }
}
