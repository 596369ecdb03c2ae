//! Nonces and epochs through the whole step machine (RFC 9449 §8, §9).

mod support;

use fapi_core::config::NonceConfig;
use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{Reason, ReplayAnswer, ReplayOutcome, Step, Verdict};
use serde_json::json;
use support::*;

/// A nonce of `EPOCH` for this client, issued at `NOW`, as a challenge gives it.
fn nonce_for(client: &Client) -> String {
    let verifier = verifier(config().nonce(NonceConfig::required()));
    let token = client.token();
    let denial = denied(client.send(&verifier, &token, &client.proof(&token), NOW));
    assert_eq!(denial.reason(), Reason::NonceMissing);
    nonce_of(&denial)
}

/// RFC 9449 §11.1: a proof is accepted once, also when its nonce outlives its welcome before its `iat` does.
#[test]
fn a_proof_that_was_accepted_for_its_nonce_is_not_accepted_again_for_its_iat() {
    let client = Client::new();
    let token = client.token();
    let nonce = nonce_for(&client);
    let lifetime = NonceConfig::default().lifetime_seconds(30);
    let verifier = verifier(config().max_age_seconds(300).nonce(lifetime));
    let proof = client.proof_with(&token, json!({ "nonce": nonce }));
    let mut window = ReplayWindow::new(1024, EPOCH, [0; 16]);
    let mut outcomes = Vec::new();
    for seconds in 0..400 {
        let now = NOW.plus(seconds);
        match client.send(&verifier, &token, &proof, now) {
            Step::NeedReplayCheck(need) => {
                let query = need.query();
                let outcome: ReplayOutcome = window.insert(query.key, query.expires, now).into();
                let epoch = window.epoch();
                if let Verdict::Accepted(_) = need.resume(Ok(ReplayAnswer { outcome, epoch }), now)
                {
                    outcomes.push(seconds);
                }
            }
            step => drop(denied(step)),
        }
    }
    assert_eq!(
        outcomes,
        [0],
        "the seconds at which the one proof was accepted"
    );
}

/// A replica that has not noticed the store's new epoch judges by `iat` what another one judges by its nonce.
#[test]
fn a_proof_is_remembered_as_long_whatever_it_is_judged_by() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof_with(&token, json!({ "nonce": nonce_for(&client) }));
    let verifier = verifier(config());
    let expires = |epoch| {
        let keys = AtHand(Some(key_set(&[&client.issuer])));
        let step = client.send_knowing(&verifier, &token, &proof, &keys, epoch, NOW);
        replay_check(step).query().expires
    };
    let other = Epoch::new(EPOCH.id() + 1, EPOCH.since());
    assert_eq!(expires(Some(other)), expires(Some(EPOCH)));
    assert_eq!(expires(None), expires(Some(EPOCH)));
}

/// A nonce that goes stale while keys are fetched is replaced by one that the retry can use.
#[test]
fn the_nonce_given_after_a_wait_is_good() {
    let client = Client::new();
    let token = client.token();
    let verifier = verifier(config().nonce(NonceConfig::required()));
    let proof = client.proof_with(&token, json!({ "nonce": nonce_for(&client) }));
    let step = client.send_knowing(&verifier, &token, &proof, &AtHand(None), Some(EPOCH), NOW);
    let later = NOW.plus(121);
    let denial = denied(keys_wanted(step).resume(Ok(key_set(&[&client.issuer])), later));
    assert_eq!(denial.reason(), Reason::NonceStale);
    let proof = client.proof_with(&token, json!({ "nonce": nonce_of(&denial) }));
    fresh(client.send(&verifier, &token, &proof, later), later);
}

/// Without a memory of proofs there is no epoch: a renewed nonce is good, and so is one of another replica.
#[test]
fn where_replay_is_handled_elsewhere_epochs_play_no_role() {
    let client = Client::new();
    let token = client.token();
    let config = config()
        .nonce(NonceConfig::required())
        .dangerous_replay_handled_elsewhere();
    let verifier = verifier(config);
    let mut nonce = nonce_for(&client);
    for (seconds, id) in [(60, 1), (120, 2), (180, 3)] {
        let now = NOW.plus(seconds);
        let proof = client.proof_with(&token, json!({ "nonce": nonce }));
        let keys = AtHand(Some(key_set(&[&client.issuer])));
        let epoch = Some(Epoch::new(id, now));
        let step = client.send_knowing(&verifier, &token, &proof, &keys, epoch, now);
        let Step::Done(verdict) = step else {
            panic!("waits for something: {step:?}");
        };
        nonce = accepted(verdict).nonce.unwrap().as_str().to_owned();
    }
}
