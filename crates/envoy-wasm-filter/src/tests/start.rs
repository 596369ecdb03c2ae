//! Configurations that are refused, and the memory that is made once.

use serde_json::json;

use super::mock::host_verifies;
use super::*;

fn refusal(document: &Value) -> String {
    match Worker::start(&document.to_string(), &Rc::default()) {
        Ok(_) => panic!("started"),
        Err(line) => line,
    }
}

#[test]
fn a_wrong_document_is_refused_with_the_field() {
    let cast = Cast::new();
    let key = |place| json!({ "dpop": { "nonce": { "keys": [place] } } });
    for (change, field) in [
        (json!({ "recource": 1 }), "recource"),
        (
            json!({ "dpop": { "replay": { "store": "redis" } } }),
            "dpop.replay.store",
        ),
        (
            json!({ "dpop": { "replay": { "store": "memory" } } }),
            "dpop.replay.store",
        ),
        (key(json!({ "file": "/key" })), "dpop.nonce.keys[0]"),
        (key(json!({ "env": "NOT_THERE_1" })), "dpop.nonce.keys[0]"),
        (key(json!("c2hvcnQ")), "dpop.nonce.keys"),
        (json!({ "issuers": [{ "issuer": AS }] }), "envoy.cluster"),
    ] {
        let mut document = cast.document();
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        let line = refusal(&document);
        assert!(line.contains(field), "{line}");
    }
}

#[test]
fn a_plugin_without_vm_id_is_refused() {
    let cast = Cast::new();
    let document = cast.document().to_string();
    for id in [None, Some(Vec::new())] {
        let started = Worker::start_with(&document, &Rc::default(), |world| {
            world.properties.clear();
            world
                .properties
                .extend(id.map(|id| ("plugin_vm_id".to_owned(), id)));
        });
        assert!(started.err().unwrap().contains("vm_config.vm_id"));
    }
}

#[test]
fn without_vm_id_names_that_nobody_can_guess_do() {
    let cast = Cast::new();
    let mut document = cast.document();
    document["envoy"] = json!({ "shared_data_key": URL_SAFE_NO_PAD.encode([7; 32]) });
    let shared = Rc::default();
    Worker::start_with(&document.to_string(), &shared, |world| {
        world.properties.clear();
    })
    .unwrap();
    let names: Vec<String> = shared.borrow().values.keys().cloned().collect();
    assert!(!names.is_empty());
    let prefix = names.iter().filter_map(|name| name.strip_prefix("fapi.1."));
    assert!(prefix.clone().count() == names.len());
    // 43 characters of base64url, then what it is.
    assert!(
        prefix.clone().all(|rest| rest.find('.') == Some(43)),
        "{names:?}"
    );

    document["envoy"] = json!({ "shared_data_key": { "file": "/key" } });
    assert!(refusal(&document).contains("envoy.shared_data_key"));
}

#[test]
fn a_host_that_cannot_verify_is_refused_where_it_must() {
    host_verifies(false);
    let cast = Cast::new();
    let mut document = cast.document();
    document["envoy"] = json!({ "signatures": "host" });
    assert!(refusal(&document).contains("envoy.signatures"));
    host_verifies(true);
    cast.worker(&document);
}

#[test]
fn a_configuration_that_believes_longer_begins_a_new_epoch() {
    let cast = Cast::new();
    let mut document = cast.document();
    let mut worker = cast.worker(&document);
    let token = cast.token("k1");
    let request = headers(&token, &cast.proof(&token));
    let id = send(&mut worker, &request);
    assert!(worker.stream(id).resumed);

    document["dpop"]["max_age_seconds"] = 300.into();
    let later = |world: &mut mock::World| world.now += std::time::Duration::from_secs(100);
    let document = document.to_string();
    let mut longer = Worker::start_with(&document, &cast.shared, later).unwrap();
    // Its entry may be gone by now; the proof is from before the epoch.
    let id = send(&mut longer, &request);
    assert_eq!(longer.status(id), 401);
    assert_eq!(longer.count("fapi.refused.proof_before_epoch"), 1);
}
