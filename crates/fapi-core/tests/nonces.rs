//! Nonces and epochs through the whole step machine (RFC 9449 §8, §9).

mod support;

use fapi_core::config::{AfterRestart, NonceConfig};
use fapi_core::dpop::{Epoch, ReplayWindow};
use fapi_core::{Policy, Reason, ReplayAnswer, ReplayOutcome, Step, Verdict, Verifier};
use fapi_crypto::PROVIDER;
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

#[test]
fn a_required_nonce_is_ours_new_and_for_this_key_and_epoch() {
    let client = Client::new();
    let token = client.token_with(json!({ "iat": NOW.as_secs() - 100 }));
    let verifier = verifier(config().nonce(NonceConfig::required()));
    let nonce = nonce_for(&client);
    let at = |nonce: &str, epoch, now| {
        let proof = client.proof_with(&token, json!({ "nonce": nonce }));
        let keys = AtHand(Some(key_set(&[&client.issuer])));
        client.send_knowing(&verifier, &token, &proof, &keys, Some(epoch), now)
    };
    let other_keys = nonce_for(&Client::new());
    let mut spoiled = nonce.clone();
    spoiled.replace_range(0..1, "Q");
    let other_epoch = Epoch::new(78, EPOCH.since());
    for (nonce, epoch, now, reason) in [
        (other_keys.as_str(), EPOCH, NOW, Reason::NonceForeign),
        (&spoiled, EPOCH, NOW, Reason::NonceForeign),
        ("x", EPOCH, NOW, Reason::NonceForeign),
        (&nonce, EPOCH, NOW.plus(121), Reason::NonceStale),
        (&nonce, EPOCH, NOW.plus(-11), Reason::NonceStale),
    ] {
        let denial = denied(at(nonce, epoch, now));
        assert_eq!(denial.reason(), reason);
        // What is given instead is good at once: no second challenge.
        replay_check(at(&nonce_of(&denial), epoch, now));
    }
    // Only the store that takes the proof knows whether the nonce is of its time.
    let answer = |epoch| ReplayAnswer {
        outcome: ReplayOutcome::Fresh,
        epoch,
    };
    let need = replay_check(at(&nonce, EPOCH, NOW));
    let denial = refused(need.resume(Ok(answer(other_epoch)), NOW));
    assert_eq!(denial.reason(), Reason::NonceOtherEpoch);
    let need = replay_check(at(&nonce_of(&denial), EPOCH, NOW));
    accepted(need.resume(Ok(answer(other_epoch)), NOW));
    for seconds in [-10, 0, 120] {
        fresh(at(&nonce, EPOCH, NOW.plus(seconds)), NOW.plus(seconds));
    }
}

#[test]
fn a_nonce_is_renewed_from_half_its_life_on() {
    let client = Client::new();
    let token = client.token();
    let nonce = nonce_for(&client);
    // Also where none is asked for: the client goes on using it.
    for mode in [NonceConfig::required(), NonceConfig::default()] {
        let verifier = verifier(config().nonce(mode));
        for (seconds, renewed) in [(0, false), (59, false), (60, true), (120, true)] {
            let now = NOW.plus(seconds);
            let proof = client.proof_with(&token, json!({ "nonce": nonce }));
            let need = replay_check(client.send(&verifier, &token, &proof, now));
            let verdict = need.resume(Ok(answer(ReplayOutcome::Fresh)), now);
            assert_eq!(accepted(verdict).nonce.is_some(), renewed, "{seconds}");
        }
    }
}

#[test]
fn with_nonces_off_only_one_of_ours_counts() {
    let client = Client::new();
    let token = client.token();
    let verifier = verifier(config());
    let send = |nonce: &str, iat: i64, now| {
        let proof = client.proof_with(&token, json!({ "nonce": nonce, "iat": iat }));
        client.send(&verifier, &token, &proof, now)
    };
    let old = NOW.as_secs() - 100;
    // RFC 9449 §4.3 check 11: the nonce decides, so a clock that is wrong does no harm.
    fresh(send(&nonce_for(&client), old, NOW), NOW);
    for foreign in ["x", &nonce_for(&Client::new())] {
        assert_eq!(
            denied(send(foreign, old, NOW)).reason(),
            Reason::ProofTooOld
        );
        fresh(send(foreign, NOW.as_secs(), NOW), NOW);
    }
    let later = NOW.plus(121);
    let denial = denied(send(&nonce_for(&client), later.as_secs(), later));
    assert_eq!(denial.reason(), Reason::NonceStale);
    fresh(send(&nonce_of(&denial), later.as_secs(), later), later);
}

#[test]
fn proofs_from_before_the_memory_are_challenged_unless_configured_otherwise() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof(&token);
    let restarted = Some(Epoch::new(1, NOW.plus(1)));
    let keys = || AtHand(Some(key_set(&[&client.issuer])));
    let challenging = verifier(config());
    let step = client.send_knowing(&challenging, &token, &proof, &keys(), restarted, NOW);
    let denial = denied(step);
    assert_eq!(denial.reason(), Reason::ProofBeforeEpoch);
    let retry = client.proof_with(&token, json!({ "nonce": nonce_of(&denial), "jti": "2" }));
    let step = client.send_knowing(&challenging, &token, &retry, &keys(), restarted, NOW);
    replay_check(step);

    let mut lenient = config().build().unwrap();
    lenient.dpop.replay.after_restart = AfterRestart::Accept;
    let lenient = Verifier::new(Policy::new(&lenient).unwrap(), &PROVIDER, nonce_keys());
    replay_check(client.send_knowing(&lenient, &token, &proof, &keys(), restarted, NOW));
}
