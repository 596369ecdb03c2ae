//! Proofs at token and PAR endpoints (RFC 9449 §5, §10.1).

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod support;

use fapi_core::config::{DpopConfig, NonceConfig};
use fapi_core::dpop::{GrantProof, Origin, ProofVerifier, TargetUri};
use fapi_core::{Denial, FieldLines, Reason, UnixTime};
use fapi_crypto::PROVIDER;
use serde_json::json;
use support::*;

fn verifier(nonce: NonceConfig) -> ProofVerifier {
    let mut config = DpopConfig::default();
    config.nonce = nonce;
    ProofVerifier::new(&config, &PROVIDER, nonce_keys())
}

fn verify(
    verifier: &ProofVerifier,
    lines: FieldLines<'_>,
    now: UnixTime,
) -> Result<GrantProof, Denial> {
    let origin = Origin::parse(RS).unwrap();
    let target = TargetUri::new(&origin, "", "/accounts");
    verifier.verify(&lines, "GET", target, &EPOCH, now)
}

fn reason(verifier: &ProofVerifier, proof: &str, now: UnixTime) -> Reason {
    verify(verifier, FieldLines::One(proof.as_bytes()), now)
        .unwrap_err()
        .reason()
}

#[test]
fn a_good_proof_gives_the_keys_thumbprint() {
    let client = Client::new();
    let verifier = verifier(NonceConfig::default());
    for changes in [
        json!({ "ath": null }),
        json!({}),
        json!({ "ath": "ignored" }),
    ] {
        let proof = client.proof_with("token", changes);
        let proof = verify(&verifier, FieldLines::One(proof.as_bytes()), NOW).unwrap();
        assert_eq!(*proof.thumbprint(), client.key.thumbprint());
        assert_eq!(proof.remember_until(), NOW.plus(70));
        assert_eq!(proof.nonce(), None);
        let (token, par) = ("https://as.example.com/token", "https://as.example.com/par");
        assert_eq!(proof.replay_key(AS, token), proof.replay_key(AS, token));
        assert_ne!(proof.replay_key(AS, token), proof.replay_key(AS, par));
    }
}

#[test]
fn the_checks_are_those_of_a_resource_server() {
    let client = Client::new();
    let verifier = verifier(NonceConfig::default());
    let lines = |lines| verify(&verifier, lines, NOW).unwrap_err().reason();
    assert_eq!(lines(FieldLines::Absent), Reason::ProofMissing);
    assert_eq!(lines(FieldLines::Several), Reason::ProofSeveral);
    assert_eq!(lines(FieldLines::One(b"")), Reason::ProofMalformed);
    assert_eq!(lines(FieldLines::One(&[b'a'; 8193])), Reason::ProofTooLarge);
    for (changes, expected) in [
        (json!({ "htm": "POST" }), Reason::ProofMethod),
        (json!({ "htu": RS }), Reason::ProofTarget),
        (json!({ "iat": NOW.as_secs() - 61 }), Reason::ProofTooOld),
        (
            json!({ "iat": NOW.as_secs() + 11 }),
            Reason::ProofFromFuture,
        ),
        (json!({ "jti": null }), Reason::ProofMalformed),
        (
            json!({ "exp": NOW.as_secs() }),
            Reason::ProofOutsideValidity,
        ),
    ] {
        let proof = client.proof_with("token", changes.clone());
        assert_eq!(reason(&verifier, &proof, NOW), expected, "{changes}");
    }
    let proof = client.proof("token");
    let other = client.proof_with("token", json!({ "jti": "other" }));
    let input = proof.rsplit_once('.').unwrap().0;
    let signature = other.rsplit_once('.').unwrap().1;
    let grafted = format!("{input}.{signature}");
    assert_eq!(reason(&verifier, &grafted, NOW), Reason::ProofSignature);
}

#[test]
fn required_nonces_are_given_with_every_answer() {
    let client = Client::new();
    let verifier = verifier(NonceConfig::required());
    let without = client.proof("token");
    let denial = verify(&verifier, FieldLines::One(without.as_bytes()), NOW).unwrap_err();
    assert_eq!(denial.reason(), Reason::NonceMissing);
    // The nonce decides: this client's clock is wrong.
    let proof = client.proof_with("token", json!({ "nonce": nonce_of(&denial), "iat": 1 }));
    let good = verify(&verifier, FieldLines::One(proof.as_bytes()), NOW).unwrap();
    assert_eq!(good.remember_until(), NOW.plus(130));
    assert!(good.nonce().is_some());
    assert_eq!(reason(&verifier, &proof, NOW.plus(121)), Reason::NonceStale);
}
