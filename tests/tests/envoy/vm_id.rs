//! What is shared under a `vm_id` belongs to it alone.

use fapi_tests::envoy::Envoy;

use crate::cast::*;

#[test]
fn a_plugin_without_a_vm_id_is_refused() {
    let cast = Cast::new();
    let listener = listener("api", "", &cast.config());
    let log = Envoy::try_start(&cast.bootstrap().listener(listener));
    let log = log.err().expect("Envoy does not start");
    assert!(log.contains("vm_config.vm_id"), "{log}");
}

#[test]
fn memory_and_nonces_are_those_of_one_vm_id() {
    let cast = Cast::new();
    let mut config = cast.config();
    config["dpop"]["nonce"]["mode"] = "required".into();
    let bootstrap = cast.bootstrap();
    let listeners = [("mine", "one"), ("also-mine", "one"), ("theirs", "two")];
    let bootstrap = listeners
        .iter()
        .fold(bootstrap, |bootstrap, (name, vm_id)| {
            bootstrap.listener(listener(name, vm_id, &config))
        });
    let envoy = Envoy::start(&bootstrap);
    let [mine, also_mine, theirs] = listeners.map(|(name, _)| envoy.listener(name));
    let nonce_of = |address| send(address, &cast.good()).nonces()[0].to_owned();
    let token = cast.token().build();
    let with = |nonce: &str| request(&token, &cast.proof(&token).nonce(nonce).build());

    let nonce = nonce_of(mine);
    let used = with(&nonce);
    assert_eq!(status(mine, &used), 200);
    // One vm_id: one memory, one nonce key.
    assert!(send(also_mine, &used).challenges()[0].contains("invalid_dpop_proof"));
    assert_eq!(status(also_mine, &with(&nonce)), 200);
    // Another: its key has not made this nonce, and it has not seen this proof.
    assert!(send(theirs, &with(&nonce)).challenges()[0].contains("use_dpop_nonce"));
    let theirs_nonce = nonce_of(theirs);
    assert!(send(mine, &with(&theirs_nonce)).challenges()[0].contains("use_dpop_nonce"));
    let again = with(&theirs_nonce);
    assert_eq!(status(theirs, &again), 200);
}
