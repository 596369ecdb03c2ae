//! With a stand-in for the signature, which is verified for real in the issuer's tests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use signature::Verifier;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const RULES: AssertionRules<'_> = AssertionRules {
    audience: "https://as.example.com",
    max_lifetime_seconds: 600,
    future_seconds: 10,
};
const HEADER: &str = r#"{"alg":"ES256","kid":"k"}"#;

/// Accepts a signature of 64 ones.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| unreachable!(),
    verifier_factory: |algorithm, _| Ok(Box::new(Ones(*algorithm))),
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| unreachable!(),
        rsa_pub_components_from_public_key: |_| unreachable!(),
        ec_pub_components_from_private_key: |_, _| unreachable!(),
        ed_pub_components_from_private_key: |_, _| unreachable!(),
        compute_digest: |_, _| unreachable!(),
    },
};

struct Ones(jsonwebtoken::Algorithm);

impl Verifier<Vec<u8>> for Ones {
    fn verify(&self, _: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        if *signature == [1; 64] {
            Ok(())
        } else {
            Err(signature::Error::new())
        }
    }
}

impl JwtVerifier for Ones {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.0
    }
}

/// The key of RFC 7515 appendix A.3.
fn keys() -> KeySet {
    KeySet::from_json(
        br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k",
          "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    )
    .unwrap()
}

fn jws(header: &str, payload: &str, signature: &[u8]) -> String {
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let (header, payload) = (encode(header.as_bytes()), encode(payload.as_bytes()));
    format!("{header}.{payload}.{}", encode(signature))
}

fn verify(text: &str) -> Result<VerifiedAssertion, AssertionError> {
    UnverifiedAssertion::parse(text)?.verify(&keys(), &RULES, &PROVIDER, NOW)
}

/// Claims that are right, but for these.
fn claims(changed: &[(&str, Option<&str>)]) -> String {
    let now = NOW.as_secs();
    let right = [
        ("iss", r#""client""#.to_owned()),
        ("sub", r#""client""#.to_owned()),
        ("aud", r#""https://as.example.com""#.to_owned()),
        ("jti", r#""j""#.to_owned()),
        ("exp", (now + 60).to_string()),
        ("iat", now.to_string()),
    ];
    let mut members: Vec<_> = right
        .iter()
        .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name))
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    let new = changed
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    members.extend(new.map(|(name, value)| format!(r#""{name}":{value}"#)));
    format!("{{{}}}", members.join(","))
}

fn with(changed: &[(&str, Option<&str>)]) -> Result<VerifiedAssertion, AssertionError> {
    verify(&jws(HEADER, &claims(changed), &[1; 64]))
}

fn headed(header: &str) -> Result<VerifiedAssertion, AssertionError> {
    verify(&jws(header, &claims(&[]), &[1; 64]))
}

#[test]
fn a_good_assertion_names_its_client() {
    let assertion = with(&[]).unwrap();
    assert_eq!(assertion.client_id(), "client");
    assert_eq!(assertion.expires(), NOW.plus(60));
    assert_eq!(assertion.made_at(), Some(NOW));
    let other = with(&[("jti", Some(r#""k""#))]).unwrap();
    assert_ne!(assertion.replay_key(), other.replay_key());
    let longer = with(&[("exp", Some("1700000099"))]).unwrap();
    assert_eq!(assertion.replay_key(), longer.replay_key());
}

#[test]
fn each_claim_is_checked() {
    use AssertionError::*;
    for (name, value, error) in [
        ("iss", None, MissingClaim),
        ("sub", None, MissingClaim),
        ("sub", Some(r#""""#), MissingClaim),
        ("aud", None, MissingClaim),
        ("exp", None, MissingClaim),
        ("jti", None, MissingClaim),
        ("jti", Some(r#""""#), MissingClaim),
        ("jti", Some("7"), Malformed),
        ("iss", Some(r#""other""#), Issuer),
        ("aud", Some(r#""https://as.example.com/token""#), Audience),
        ("aud", Some(r#""https://as.example.com/""#), Audience),
        ("aud", Some(r#"["https://as.example.com"]"#), Audience),
        ("aud", Some("7"), Malformed),
        ("aud", Some("null"), Malformed),
        ("exp", Some("1700000000"), Expired),
        ("exp", Some("1699999700"), Expired),
        ("exp", Some(r#""1700000060""#), Malformed),
        ("exp", Some("1700000611"), LivesTooLong),
        ("exp", Some("1e300"), Malformed),
        ("iat", Some("1700000011"), NotYetValid),
        ("nbf", Some("1700000062"), NotYetValid),
    ] {
        assert_eq!(
            with(&[(name, value)]).unwrap_err(),
            error,
            "{name} {value:?}"
        );
    }
    for (name, value) in [
        ("iat", None),
        ("iat", Some("1700000010")),
        ("nbf", Some("1700000008")),
        ("exp", Some("1700000001")),
        ("exp", Some("1700000610")),
        ("azp", Some("[1]")),
    ] {
        assert!(with(&[(name, value)]).is_ok(), "{name} {value:?}");
    }
    assert_eq!(with(&[("iat", None)]).unwrap().made_at(), None);
}

#[test]
fn no_claim_stands_twice() {
    let twice = claims(&[]).replacen('{', r#"{"sub":"client","#, 1);
    let text = jws(HEADER, &twice, &[1; 64]);
    assert_eq!(verify(&text).unwrap_err(), AssertionError::Malformed);
}

#[test]
fn the_header_is_checked() {
    use AssertionError::*;
    for (header, error) in [
        (r#"{"alg":"RS256","kid":"k"}"#, Algorithm),
        (r#"{"alg":"HS256","kid":"k"}"#, Algorithm),
        (r#"{"alg":"none","kid":"k"}"#, Algorithm),
        (r#"{"kid":"k"}"#, Algorithm),
        (r#"{"alg":"PS256","kid":"k"}"#, Signature),
        (r#"{"alg":"ES256","kid":"other"}"#, Signature),
        (r#"{"alg":"ES256","crit":["x"],"x":1}"#, Malformed),
        (r#"{"alg":"ES256","typ":"dpop+jwt"}"#, Type),
        (r#"{"alg":"ES256","typ":"oauth-authz-req+jwt"}"#, Type),
        (r#"{"alg":"ES256","typ":"text/jwt"}"#, Type),
    ] {
        assert_eq!(headed(header).unwrap_err(), error, "{header}");
    }
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"jwt"}"#,
        r#"{"alg":"ES256","typ":"Client-Authentication+jwt"}"#,
        r#"{"alg":"ES256","typ":"application/client-authentication+jwt"}"#,
    ] {
        assert!(headed(header).is_ok(), "{header}");
    }
}

#[test]
fn the_whole_must_be_a_small_signed_jws() {
    use AssertionError::*;
    let good = jws(HEADER, &claims(&[]), &[1; 64]);
    let unsigned = good.rsplit_once('.').unwrap().0;
    for (text, error) in [
        (String::new(), Malformed),
        ("a.b".to_owned(), Malformed),
        (format!("{unsigned}."), Malformed),
        (format!("{good}="), Malformed),
        (jws(HEADER, &claims(&[]), &[2; 64]), Signature),
        (jws(HEADER, &claims(&[]), &[1; 63]), Signature),
        ("a".repeat(UnverifiedAssertion::MAX_BYTES + 1), TooLarge),
    ] {
        assert_eq!(verify(&text).unwrap_err(), error, "{text}");
    }
}
