//! With a stand-in for the signature, which is verified for real in the issuer's tests.

use super::*;
use crate::jose::stand_in::{self, PROVIDER, jws, keys};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const RULES: AssertionRules<'_> = AssertionRules {
    audience: "https://as.example.com",
    max_lifetime_seconds: 600,
    future_seconds: 10,
};
const HEADER: &str = r#"{"alg":"ES256","kid":"k"}"#;

fn verify(text: &str) -> Result<VerifiedAssertion, AssertionError> {
    UnverifiedAssertion::parse(text)?.verify(&keys(), &RULES, &PROVIDER, NOW)
}

/// Claims that are right, but for these.
fn claims(changed: &[(&str, Option<&str>)]) -> String {
    let now = NOW.as_secs();
    let (issued_at, expires) = (now.to_string(), (now + 60).to_string());
    let right = [
        ("iss", r#""client""#),
        ("sub", r#""client""#),
        ("aud", r#""https://as.example.com""#),
        ("jti", r#""j""#),
        ("exp", &expires),
        ("iat", &issued_at),
    ];
    stand_in::claims(&right, changed)
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
