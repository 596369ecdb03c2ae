//! The step machine, driven by hand: what may happen at each suspension, and while it lasts.

mod support;

use std::sync::Arc;

use fapi_core::config::OriginConfig;
use fapi_core::dpop::{Epoch, QuotaExceeded};
use fapi_core::{
    Facts, FieldLines, PresentedRequest, Reason, ReplayAnswer, ReplayOutcome, RequestKind, Step,
    Unavailable, UnixTime, Verifier,
};
use serde_json::json;
use support::*;

const NO_ANSWER: Unavailable = Unavailable::retry_after_seconds(7);

/// A request of `client` that waits for the issuer's keys.
fn waiting_for_keys(client: &Client, token: &str, proof: &str) -> fapi_core::NeedKeys {
    let verifier = verifier(config());
    keys_wanted(client.send_knowing(&verifier, token, proof, &AtHand(None), Some(EPOCH), NOW))
}

#[test]
fn a_good_request_asks_for_the_replay_check_and_is_accepted() {
    let client = Client::new();
    let token = client.token();
    let verifier = verifier(config());
    let need = replay_check(client.send(&verifier, &token, &client.proof(&token), NOW));
    let query = need.query();
    assert_eq!((query.issuer, query.client), (AS, "app"));
    assert_eq!(*query.thumbprint, client.key.thumbprint());
    assert_eq!(query.expires, NOW.plus(70), "max_age and future");
    let accepted = accepted(need.resume(Ok(answer(ReplayOutcome::Fresh)), NOW));
    assert_eq!(accepted.nonce, None);
    assert_eq!(accepted.access.subject(), Some("alice"));
    assert_eq!(
        accepted.access.confirmation().key(),
        Some(&client.key.thumbprint())
    );
}

#[test]
fn keys_that_are_not_at_hand_are_asked_for_once() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof(&token);
    let need = waiting_for_keys(&client, &token, &proof);
    assert_eq!((need.query().issuer, need.query().kid), (AS, None));
    fresh(need.resume(Ok(key_set(&[&client.issuer])), NOW), NOW);

    let need = waiting_for_keys(&client, &token, &proof);
    let denial = denied(need.resume(Err(NO_ANSWER), NOW));
    assert_eq!(denial.reason(), Reason::KeysUnavailable);

    // The set that comes lacks the key, too: that is an answer, not another question.
    let need = waiting_for_keys(&client, &token, &proof);
    let denial = denied(need.resume(Ok(key_set(&[&key()])), NOW));
    assert_eq!(denial.reason(), Reason::TokenUnknownKey);

    // A key under the right name that did not sign it.
    let namesake = key().with_kid(client.issuer.kid());
    let need = waiting_for_keys(&client, &token, &proof);
    let denial = denied(need.resume(Ok(key_set(&[&namesake])), NOW));
    assert_eq!(denial.reason(), Reason::TokenSignature);
}

#[test]
fn a_set_at_hand_without_the_kid_is_asked_for_again_with_it() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof(&token);
    let old = AtHand(Some(key_set(&[&key()])));
    let step = client.send_knowing(&verifier(config()), &token, &proof, &old, Some(EPOCH), NOW);
    let need = keys_wanted(step);
    assert_eq!(need.query().kid, Some(client.issuer.kid()));
    fresh(need.resume(Ok(key_set(&[&client.issuer])), NOW), NOW);
}

#[test]
fn what_no_key_could_make_good_asks_for_no_key() {
    let client = Client::new();
    for (changes, reason) in [
        (
            json!({ "iss": "https://as.example.com/" }),
            Reason::TokenIssuer,
        ),
        (
            json!({ "aud": "https://other.example.com" }),
            Reason::TokenAudience,
        ),
        (json!({ "exp": NOW.as_secs() }), Reason::TokenExpired),
        (
            json!({ "iat": NOW.as_secs() + 11 }),
            Reason::TokenNotYetValid,
        ),
        (
            json!({ "nbf": NOW.as_secs() + 11 }),
            Reason::TokenNotYetValid,
        ),
        (json!({ "cnf": null }), Reason::TokenNotBound),
        (json!({ "cnf": {} }), Reason::TokenNotBound),
        (json!({ "cnf": { "jkt": "" } }), Reason::TokenNotBound),
        (json!({ "cnf": "x" }), Reason::TokenMalformed),
        (json!({ "client_id": null }), Reason::TokenMissingClaim),
        (json!({ "jti": "" }), Reason::TokenMissingClaim),
    ] {
        let token = client.token_with(changes);
        let proof = client.proof(&token);
        let step = client.send_knowing(
            &verifier(config()),
            &token,
            &proof,
            &AtHand(None),
            None,
            NOW,
        );
        assert_eq!(denied(step).reason(), reason);
    }
}

#[test]
fn what_ends_while_keys_are_fetched_has_ended() {
    let client = Client::new();
    let short = client.token_with(json!({ "exp": NOW.as_secs() + 5 }));
    let token = client.token();
    let proof_ends = json!({ "exp": NOW.as_secs() + 5 });
    for (token, proof, wait, reason) in [
        (&short, client.proof(&short), 5, Reason::TokenExpired),
        (&token, client.proof(&token), 61, Reason::ProofTooOld),
        (
            &token,
            client.proof_with(&token, proof_ends),
            5,
            Reason::ProofOutsideValidity,
        ),
    ] {
        let resumed = |now| {
            let need = waiting_for_keys(&client, token, &proof);
            need.resume(Ok(key_set(&[&client.issuer])), now)
        };
        assert_eq!(denied(resumed(NOW.plus(wait))).reason(), reason);
        let in_time = NOW.plus(wait - 1);
        fresh(resumed(in_time), in_time);
    }
}

#[test]
fn what_ends_while_the_store_answers_has_ended() {
    let client = Client::new();
    let token = client.token();
    let waiting =
        || replay_check(client.send(&verifier(config()), &token, &client.proof(&token), NOW));
    let fresh = Ok(answer(ReplayOutcome::Fresh));
    accepted(waiting().resume(fresh, NOW.plus(60)));
    let denial = refused(waiting().resume(fresh, NOW.plus(61)));
    assert_eq!(denial.reason(), Reason::ProofTooOld);
    let denial = refused(waiting().resume(fresh, NOW.plus(-11)));
    assert_eq!(denial.reason(), Reason::ProofFromFuture);
}

#[test]
fn only_fresh_is_accepted() {
    let client = Client::new();
    let token = client.token();
    for (outcome, reason) in [
        (ReplayOutcome::Seen, Reason::ProofReplayed),
        (ReplayOutcome::Full, Reason::ReplayStoreFull),
        (ReplayOutcome::Forgotten, Reason::ProofForgotten),
        (
            ReplayOutcome::OverQuota(QuotaExceeded::Client),
            Reason::QuotaClient,
        ),
        (
            ReplayOutcome::OverQuota(QuotaExceeded::Key),
            Reason::QuotaKey,
        ),
    ] {
        let step = client.send(&verifier(config()), &token, &client.proof(&token), NOW);
        let denial = refused(replay_check(step).resume(Ok(answer(outcome)), NOW));
        assert_eq!(denial.reason(), reason);
    }
    let step = client.send(&verifier(config()), &token, &client.proof(&token), NOW);
    let denial = refused(replay_check(step).resume(Err(NO_ANSWER), NOW));
    assert_eq!(denial.reason(), Reason::ReplayStoreUnavailable);
}

#[test]
fn a_store_that_lost_its_memory_since_the_request_began_challenges() {
    let client = Client::new();
    let token = client.token();
    let verifier = verifier(config());
    let lost = Epoch::new(78, NOW.plus(1));
    let answer = ReplayAnswer {
        outcome: ReplayOutcome::Fresh,
        epoch: lost,
    };
    let step = client.send(&verifier, &token, &client.proof(&token), NOW);
    let denial = refused(replay_check(step).resume(Ok(answer), NOW));
    assert_eq!(denial.reason(), Reason::ProofBeforeEpoch);
    // The nonce that comes with it belongs to the new memory.
    let proof = client.proof_with(&token, json!({ "nonce": nonce_of(&denial), "jti": "2" }));
    let keys = AtHand(Some(key_set(&[&client.issuer])));
    let step = client.send_knowing(&verifier, &token, &proof, &keys, Some(lost), NOW);
    accepted(replay_check(step).resume(Ok(answer), NOW));
}

#[test]
fn the_binding_is_compared_before_the_signature_and_the_signature_before_the_store() {
    let client = Client::new();
    let thief = Client {
        key: key(),
        ..Client::new()
    };
    let token = client.token();
    let verifier = verifier(config());
    let spoiled = |proof: String| {
        let (input, signature) = proof.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        format!("{input}.{first}{}", signature.get(1..).unwrap())
    };
    for proof in [thief.proof(&token), spoiled(thief.proof(&token))] {
        let denial = denied(client.send(&verifier, &token, &proof, NOW));
        assert_eq!(denial.reason(), Reason::BindingOtherKey);
    }
    let denial = denied(client.send(&verifier, &token, &spoiled(client.proof(&token)), NOW));
    assert_eq!(denial.reason(), Reason::ProofSignature);
    // The token is remembered by now, which changes nothing.
    let denial = denied(client.send(&verifier, &token, &thief.proof(&token), NOW));
    assert_eq!(denial.reason(), Reason::BindingOtherKey);
}

#[test]
fn a_token_bound_to_a_certificate_needs_one() {
    let client = Client::new();
    let certificate = "A".repeat(43);
    for cnf in [
        json!({ "x5t#S256": certificate }),
        json!({ "x5t#S256": certificate, "jkt": client.key.thumbprint().to_string() }),
    ] {
        let token = client.token_with(json!({ "cnf": cnf }));
        let step = client.send(&verifier(config()), &token, &client.proof(&token), NOW);
        assert_eq!(denied(step).reason(), Reason::BindingNoCertificate);
    }
}

#[test]
fn a_remembered_token_goes_with_its_key() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof(&token);
    let verifier = verifier(config());
    let send = |keys| client.send_knowing(&verifier, &token, &proof, &keys, Some(EPOCH), NOW);
    fresh(send(AtHand(Some(key_set(&[&client.issuer])))), NOW);
    // The issuer has withdrawn the key; another one may even have its name.
    keys_wanted(send(AtHand(Some(key_set(&[&key()])))));
    let namesake = key().with_kid(client.issuer.kid());
    let denial = denied(send(AtHand(Some(key_set(&[&namesake])))));
    assert_eq!(denial.reason(), Reason::TokenSignature);
    // No set that may be used: nothing says that the key still counts.
    keys_wanted(send(AtHand(None)));
}

#[test]
fn a_remembered_token_keeps_its_times() {
    let client = Client::new();
    let token = client.token_with(json!({
        "exp": NOW.as_secs() + 20, "nbf": NOW.as_secs(), "iat": NOW.as_secs() - 100,
    }));
    let verifier = verifier(config().token_cache_seconds(3600));
    let send = |seconds| {
        let now = NOW.plus(seconds);
        let proof = client.proof_with(&token, json!({ "iat": now.as_secs() }));
        client.send(&verifier, &token, &proof, now)
    };
    fresh(send(0), NOW);
    fresh(send(19), NOW.plus(19));
    assert_eq!(denied(send(20)).reason(), Reason::TokenExpired);
    assert_eq!(denied(send(-11)).reason(), Reason::TokenNotYetValid);
}

#[test]
fn a_token_remembered_at_one_origin_is_judged_anew_at_another() {
    let client = Client::new();
    let origin = |host: &str| {
        let mut entry = OriginConfig::new(format!("https://{host}.example.com"));
        entry.resource = Some(format!("https://{host}.example.com"));
        entry
    };
    let verifier = verifier(config().origins([origin("a"), origin("b")]));
    let send = |host: &str, token: &str| {
        let htu = format!("https://{host}.example.com/accounts");
        let proof = client.proof_with(token, json!({ "htu": htu }));
        at_authority(
            &client,
            &verifier,
            &format!("{host}.example.com"),
            token,
            &proof,
        )
    };
    let for_a = client.token_with(json!({ "aud": "https://a.example.com" }));
    for _ in 0..2 {
        fresh(send("a", &for_a), NOW);
        assert_eq!(denied(send("b", &for_a)).reason(), Reason::TokenAudience);
    }
    let for_both =
        client.token_with(json!({ "aud": ["https://a.example.com", "https://b.example.com"] }));
    let keys = ["a", "b", "a"].map(|host| replay_check(send(host, &for_both)).query().key);
    assert_ne!(keys[0], keys[1], "each resource remembers for itself");
    assert_eq!(keys[0], keys[2]);
    // An authority selects an origin, it never makes one.
    assert_eq!(
        denied(send("c", &for_both)).reason(),
        Reason::ProofUnknownAuthority
    );
}

fn at_authority(
    client: &Client,
    verifier: &Arc<Verifier>,
    authority: &str,
    token: &str,
    proof: &str,
) -> Step {
    let authorization = format!("DPoP {token}");
    let request = PresentedRequest {
        method: "GET",
        authority: Some(authority),
        path: client.path,
        query: None,
        authorization: FieldLines::One(authorization.as_bytes()),
        dpop: FieldLines::One(proof.as_bytes()),
        client_certificate: None,
        kind: RequestKind::Ordinary,
    };
    let keys = AtHand(Some(key_set(&[&client.issuer])));
    let facts = Facts {
        keys: &keys,
        epoch: Some(EPOCH),
    };
    verifier.begin(&request, &facts, NOW)
}

#[test]
fn no_clock_makes_it_panic_or_accept() {
    let client = Client::new();
    let token = client.token();
    let proof = client.proof(&token);
    let verifier = verifier(config());
    for seconds in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
        let now = UnixTime::from_secs(seconds);
        denied(client.send(&verifier, &token, &proof, now));
        let need = waiting_for_keys(&client, &token, &proof);
        denied(need.resume(Ok(key_set(&[&client.issuer])), now));
        let need = replay_check(client.send(&verifier, &token, &proof, NOW));
        refused(need.resume(Ok(answer(ReplayOutcome::Fresh)), now));
    }
}
