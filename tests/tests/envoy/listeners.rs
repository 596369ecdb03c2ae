//! A listener that is removed and added again.

use fapi_tests::envoy::{Envoy, until};

use crate::cast::*;

#[test]
fn a_listener_removed_and_added_again_opens_no_replay() {
    let cast = Cast::new();
    let envoy = Envoy::start(&cast.bootstrap());
    let api = listener("api", "fapi", &cast.config());
    let served = |name| {
        until("the listener serves", SOON, || {
            is_active(&envoy, name).then_some(())
        })
    };

    envoy.set_listeners(std::slice::from_ref(&api));
    served("api");
    let used = cast.good();
    assert_eq!(status(envoy.listener("api"), &used), 200);

    envoy.set_listeners(&[]);
    until("no VM is left", SOON, || {
        (machines(&envoy) == 0).then_some(())
    });
    envoy.set_listeners(std::slice::from_ref(&api));
    served("api");
    // The memory is another one, and its epoch later than the proof.
    let answer = send(envoy.listener("api"), &used);
    assert_eq!(answer.status, 401);
    assert!(
        answer.challenges()[0].contains("use_dpop_nonce"),
        "{answer:?}"
    );
    // Who is honest comes again with that nonce.
    let token = cast.token().build();
    let proof = cast.proof(&token).nonce(answer.nonces()[0]).build();
    assert_eq!(status(envoy.listener("api"), &request(&token, &proof)), 200);
    let once_more = send(envoy.listener("api"), &used);
    assert_eq!(once_more.status, 401);
}

#[test]
fn a_listener_that_is_replaced_keeps_the_memory() {
    let cast = Cast::new();
    let envoy = Envoy::start(&cast.bootstrap());
    envoy.set_listeners(&[listener("first", "fapi", &cast.config())]);
    until("the first serves", SOON, || {
        is_active(&envoy, "first").then_some(())
    });
    let used = cast.good();
    assert_eq!(status(envoy.listener("first"), &used), 200);

    // With another configuration and another name, but under the same vm_id.
    let mut config = cast.config();
    config["token_cache_seconds"] = 1.into();
    let both = ["first", "second"].map(|name| listener(name, "fapi", &config));
    envoy.set_listeners(&both);
    until("the second serves", SOON, || {
        is_active(&envoy, "second").then_some(())
    });
    envoy.set_listeners(&both[1..]);
    until("the first is gone", SOON, || {
        (!is_active(&envoy, "first")).then_some(())
    });
    let answer = send(envoy.listener("second"), &used);
    assert_eq!(answer.status, 401);
    assert!(
        answer.challenges()[0].contains("invalid_dpop_proof"),
        "{answer:?}"
    );
    assert_eq!(status(envoy.listener("second"), &cast.good()), 200);
}

fn is_active(envoy: &Envoy, name: &str) -> bool {
    let answer = envoy.admin("/listeners");
    String::from_utf8_lossy(&answer.body)
        .lines()
        .any(|line| line.starts_with(&format!("{name}::")))
}

/// The VMs that are alive.
fn machines(envoy: &Envoy) -> u64 {
    envoy.stats().get("wasm.envoy.wasm.runtime.v8.active")
}
