//! The examples of the RFCs, letter by letter.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use fapi_core::config::Config;
use fapi_core::dpop::{Epoch, NonceKeys, Origin, ProofVerifier, TargetUri};
use fapi_core::jose::PublicKey;
use fapi_core::{FieldLines, UnixTime};
use fapi_tests::host::{CoreHost, Host, LayerHost};
use fapi_tests::introspection::{RFC_9449_JKT, RFC_9449_TOKEN};
use fapi_tests::profile::Profile;
use fapi_tests::scene::Scene;
use fapi_tests::wire::WireRequest;
use serde_json::Value;
use tower_fapi::testing::Algorithm;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn rfc_9449() -> Value {
    read(include_str!("vectors/rfc9449_examples.json"))
}

#[test]
fn rfc_9449_resource_request_is_accepted_once() {
    let example = rfc_9449();
    let proof = &example["proofs"][2];
    assert_eq!(example["access_token_opaque"], RFC_9449_TOKEN);
    assert_eq!(proof["payload"]["ath"], example["ath"]);
    let request = WireRequest::new("GET", "/protectedresource")
        .with("Host", "resource.example.org")
        .header("Authorization", format!("DPoP {RFC_9449_TOKEN}"))
        .header("DPoP", proof["proof"].as_str().unwrap());
    let made = UnixTime::from_secs(proof["payload"]["iat"].as_i64().unwrap());

    let mut core = CoreHost::new(Profile::Rfc9449);
    let mut layer = LayerHost::new(Profile::Rfc9449);
    let hosts: [&mut dyn Host; 2] = [&mut core, &mut layer];
    for host in hosts {
        let clock = host.clock().unwrap().clone();
        clock.set(made.plus(61));
        let late = host.send(&request);
        assert_eq!(late.reason.as_deref(), Some("proof_too_old"));
        clock.set(made.plus(60));
        assert_eq!(host.send(&request).status, 200);
        let again = host.send(&request);
        assert_eq!(again.reason.as_deref(), Some("proof_replayed"));
        assert_eq!(again.status, 401);
    }
}

#[test]
fn rfc_9449_token_requests_are_proofs_of_one_key() {
    let example = rfc_9449();
    let config = Config::builder("https://server.example.com")
        .issuer("https://server.example.com")
        .build()
        .unwrap();
    let nonces = NonceKeys::new(&[1; 32], []).unwrap();
    let verifier = ProofVerifier::new(&config.dpop, &fapi_crypto::PROVIDER, nonces);
    let origin = Origin::parse("https://server.example.com").unwrap();
    let epoch = Epoch::new(1, UnixTime::from_secs(0));
    for place in [0, 1] {
        let proof = &example["proofs"][place];
        let text = proof["proof"].as_str().unwrap();
        let verify = |text: &str| {
            verifier.verify(
                &FieldLines::One(text.as_bytes()),
                "POST",
                TargetUri::new(&origin, "", "/token"),
                &epoch,
                UnixTime::from_secs(proof["payload"]["iat"].as_i64().unwrap()),
            )
        };
        let verified = verify(text).unwrap();
        assert_eq!(verified.thumbprint().to_string(), RFC_9449_JKT);
        assert_eq!(verified.thumbprint().to_string(), example["jkt_in_rfc"]);
        let cut = text.get(..text.len() - 4).unwrap();
        assert!(verify(&format!("{cut}AAAA")).is_err());
    }
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    let examples = read(include_str!("vectors/jwk_thumbprints.json"));
    for example in examples.as_array().unwrap() {
        let mut jwk = example["jwk"].clone();
        // RFC 7638 §3.1 says RS256, which FAPI 2.0 does not allow; it is no part of the thumbprint.
        jwk.as_object_mut().unwrap().remove("alg");
        let read = PublicKey::from_jwk(&jwk.to_string());
        match example["expect"].as_str().unwrap() {
            expected if expected.starts_with("REJECT") => assert!(read.is_err(), "{example}"),
            expected => assert_eq!(read.unwrap().thumbprint().to_string(), expected),
        }
    }
}

#[test]
fn unsecured_and_critical_tokens_of_rfc_7515_are_refused() {
    // Appendix A.5, and appendix E.
    for token in [
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
        "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.",
    ] {
        let mut host = CoreHost::new(Profile::Default);
        let clock = host.clock().unwrap().clone();
        let scene = Scene::new(
            Profile::Default,
            Algorithm::Es256,
            clock,
            "1".into(),
            &mut host,
        );
        let request = scene.request(token, &scene.proof(token).build());
        let answer = host.send(&request);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.reason.as_deref(), Some("token_not_jwt"));
    }
}
