//! Nonces that one instance gives and another gets (J07), also while keys are exchanged (J13).
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use fapi_core::dpop::NonceKeys;
use fapi_tests::host::{CoreHost, Host};
use fapi_tests::profile::Profile;
use fapi_tests::scene::Scene;
use fapi_tests::wire::Answer;
use tower_fapi::testing::Algorithm;

const OLD: [u8; 32] = [1; 32];
const NEW: [u8; 32] = [2; 32];

fn instance(mint: &[u8], others: &[&[u8]]) -> CoreHost {
    let keys = NonceKeys::new(mint, others.iter().copied()).unwrap();
    CoreHost::with_nonce_keys(Profile::Nonces, keys)
}

/// What `second` says to a request with the nonce that `first` gave.
fn carried(first: &mut dyn Host, second: &mut dyn Host, jti: &str) -> Answer {
    let nonce = scene(first, jti).nonce;
    let mut scene = scene(second, jti);
    scene.nonce = nonce;
    let request = scene.good();
    second.send(&request)
}

fn scene<'a>(host: &'a mut dyn Host, jti: &str) -> Scene<'a> {
    let clock = host.clock().unwrap().clone();
    Scene::new(Profile::Nonces, Algorithm::Es256, clock, jti.into(), host)
}

#[test]
fn instances_with_one_key_honour_each_others_nonces() {
    let (mut first, mut second) = (instance(&OLD, &[]), instance(&OLD, &[]));
    assert_eq!(carried(&mut first, &mut second, "1").status, 200);
    assert_eq!(carried(&mut second, &mut first, "2").status, 200);
}

#[test]
fn without_a_common_key_one_more_round_is_enough() {
    let (mut first, mut second) = (instance(&OLD, &[]), instance(&NEW, &[]));
    let refused = carried(&mut first, &mut second, "1");
    assert_eq!(refused.reason.as_deref(), Some("nonce_foreign"));
    assert_eq!(refused.nonces().len(), 1);

    let mut retry = scene(&mut second, "1");
    retry.nonce = Some(refused.nonces().concat());
    let request = retry.good();
    assert_eq!(second.send(&request).status, 200);
}

#[test]
fn keys_are_exchanged_without_a_refusal() {
    let mut before = instance(&OLD, &[]);
    let mut learnt = instance(&OLD, &[&NEW]);
    let mut turned = instance(&NEW, &[&OLD]);
    let mut after = instance(&NEW, &[]);
    assert_eq!(carried(&mut before, &mut learnt, "1").status, 200);
    assert_eq!(carried(&mut before, &mut turned, "1").status, 200);
    assert_eq!(carried(&mut learnt, &mut turned, "2").status, 200);
    assert_eq!(carried(&mut turned, &mut learnt, "2").status, 200);
    assert_eq!(carried(&mut turned, &mut after, "1").status, 200);
    // Whoever drops the old key too early makes clients come twice.
    let refused = carried(&mut before, &mut after, "2");
    assert_eq!(refused.reason.as_deref(), Some("nonce_foreign"));
}
