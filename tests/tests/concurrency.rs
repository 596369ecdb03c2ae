//! I06: one proof, many senders at once, over real connections.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::thread;

use fapi_tests::host::client::status_of;
use fapi_tests::host::{Host as _, LayerHost, Store};
use fapi_tests::profile::Profile;
use fapi_tests::scene::Scene;
use fapi_tests::wire::WireRequest;
use tower_fapi::testing::Algorithm;

const SENDERS: usize = 256;

#[test]
fn of_256_uses_of_one_proof_one_succeeds() {
    let mut host = LayerHost::new(Profile::Default);
    let request = good_for(&mut host);
    one_succeeds(&race(&[host.address()], &request));
}

#[test]
fn two_instances_with_one_store_accept_a_proof_once() {
    let store = Arc::new(Store::new(Profile::Default));
    let mut first = LayerHost::with_store(Profile::Default, Arc::clone(&store));
    let second = LayerHost::with_store(Profile::Default, store);
    let request = good_for(&mut first);
    one_succeeds(&race(&[first.address(), second.address()], &request));
}

fn good_for(host: &mut LayerHost) -> WireRequest {
    let clock = host.clock().unwrap().clone();
    Scene::new(
        Profile::Default,
        Algorithm::Es256,
        clock,
        "once".into(),
        host,
    )
    .good()
}

fn race(addresses: &[SocketAddr], request: &WireRequest) -> Vec<u16> {
    let start = Barrier::new(SENDERS);
    thread::scope(|scope| {
        let senders: Vec<_> = addresses
            .iter()
            .cycle()
            .take(SENDERS)
            .map(|address| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    status_of(*address, request).unwrap()
                })
            })
            .collect();
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .collect()
    })
}

fn one_succeeds(statuses: &[u16]) {
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(200), count(401)), (1, SENDERS - 1));
}
