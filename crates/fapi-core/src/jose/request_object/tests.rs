//! With a stand-in for the signature, which is verified for real in the issuer's tests.

use serde_json::json;

use super::*;
use crate::jose::stand_in::{self, PROVIDER, jws, keys};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const RULES: RequestObjectRules<'_> = RequestObjectRules {
    audience: "https://as.example.com",
    client_id: "client",
    algorithm: None,
    future_seconds: 10,
};
const HEADER: &str = r#"{"alg":"ES256","kid":"k"}"#;

fn verify(text: &str) -> Result<RequestParameters, RequestObjectError> {
    UnverifiedRequestObject::parse(text)?.verify(&keys(), &RULES, &PROVIDER, NOW)
}

/// The claims that the conformance suite sends, but for these.
fn claims(changed: &[(&str, Option<&str>)]) -> String {
    let now = NOW.as_secs();
    let (not_before, expires) = (now.to_string(), (now + 300).to_string());
    let right = [
        ("iss", r#""client""#),
        ("client_id", r#""client""#),
        ("aud", r#""https://as.example.com""#),
        ("nbf", &not_before),
        ("exp", &expires),
        ("response_type", r#""code""#),
        ("max_age", "60"),
        ("claims", r#"{"id_token":{"acr":null}}"#),
    ];
    stand_in::claims(&right, changed)
}

fn with(changed: &[(&str, Option<&str>)]) -> Result<RequestParameters, RequestObjectError> {
    verify(&jws(HEADER, &claims(changed), &[1; 64]))
}

fn headed(header: &str) -> Result<RequestParameters, RequestObjectError> {
    verify(&jws(header, &claims(&[]), &[1; 64]))
}

#[test]
fn the_parameters_come_out_without_the_claims_of_the_jwt() {
    let changed = [
        ("iat", Some("1700000000")),
        ("jti", Some(r#""j""#)),
        ("sub", Some(r#""somebody""#)),
    ];
    assert_eq!(
        Value::Object(with(&changed).unwrap().into_map()),
        json!({
            "client_id": "client", "response_type": "code", "max_age": 60,
            "claims": { "id_token": { "acr": null } },
        })
    );
    let text = jws(HEADER, &claims(&[]), &[1; 64]);
    let object = UnverifiedRequestObject::parse(&text).unwrap();
    assert_eq!(object.claimed_client_id(), "client");
}

#[test]
fn each_claim_is_checked() {
    use RequestObjectError::*;
    for (name, value, error) in [
        ("client_id", None, MissingClaim),
        ("client_id", Some(r#""""#), MissingClaim),
        ("client_id", Some("7"), Malformed),
        ("aud", None, MissingClaim),
        ("exp", None, MissingClaim),
        ("nbf", None, MissingClaim),
        ("iss", Some(r#""other""#), Client),
        ("iss", Some("null"), Malformed),
        ("sub", Some(r#""client""#), Subject),
        ("aud", Some(r#""https://as.example.com/par""#), Audience),
        ("aud", Some(r#""https://as.example.com/""#), Audience),
        ("aud", Some(r#"["https://other.example.com"]"#), Audience),
        ("aud", Some("[]"), Audience),
        ("aud", Some("[7]"), Malformed),
        ("exp", Some("1700000000"), Expired),
        ("exp", Some("1699999700"), Expired),
        ("exp", Some(r#""1700000060""#), Malformed),
        ("exp", Some("1e300"), Malformed),
        // 70 minutes.
        ("exp", Some("1700004200"), LivesTooLong),
        ("exp", Some("1700003601"), LivesTooLong),
        ("nbf", Some("1700000011"), NotYetValid),
        ("iat", Some("1700000011"), NotYetValid),
        ("request", Some(r#""x""#), Nested),
        ("request_uri", Some(r#""urn:x""#), Nested),
        ("request_uri", Some("null"), Nested),
    ] {
        assert_eq!(
            with(&[(name, value)]).unwrap_err(),
            error,
            "{name} {value:?}"
        );
    }
    for (name, value) in [
        ("iss", None),
        (
            "aud",
            Some(r#"["https://other.example.com","https://as.example.com"]"#),
        ),
        ("exp", Some("1700000001")),
        ("exp", Some("1700003600")),
        ("nbf", Some("1700000008")),
        ("nbf", Some("1700000010")),
        ("iat", Some("1600000000")),
        ("unknown", Some("[1]")),
    ] {
        assert!(with(&[(name, value)]).is_ok(), "{name} {value:?}");
    }
}

#[test]
fn nbf_and_exp_bound_each_other() {
    let dates = |nbf, exp| with(&[("nbf", Some(nbf)), ("exp", Some(exp))]).map(|_| ());
    // 70 minutes ago.
    let old = dates("1699995800", "1700000300");
    assert_eq!(old, Err(RequestObjectError::TooOld));
    assert_eq!(dates("1699996401", "1700000001"), Ok(()));
    let too_long = dates("1699996401", "1700000002");
    assert_eq!(too_long, Err(RequestObjectError::LivesTooLong));
    let far = dates("-9007199254740992", "9007199254740992");
    assert_eq!(far, Err(RequestObjectError::TooOld));
}

#[test]
fn the_client_is_the_one_that_has_authenticated() {
    let both = [
        ("iss", Some(r#""other""#)),
        ("client_id", Some(r#""other""#)),
    ];
    assert_eq!(with(&both), Err(RequestObjectError::Client));
}

#[test]
fn no_member_stands_twice() {
    for twice in [
        r#"{"client_id":"client","#,
        r#"{"scope":"a","scope":"a","#,
        r#"{"authorization_details":[{"type":"a","type":"b"}],"#,
    ] {
        let payload = claims(&[]).replacen('{', twice, 1);
        let text = jws(HEADER, &payload, &[1; 64]);
        assert_eq!(verify(&text), Err(RequestObjectError::Malformed), "{twice}");
    }
}

#[test]
fn the_header_is_checked() {
    use RequestObjectError::*;
    for (header, error) in [
        (r#"{"alg":"RS256","kid":"k"}"#, Algorithm),
        (r#"{"alg":"HS256","kid":"k"}"#, Algorithm),
        (r#"{"alg":"none"}"#, Algorithm),
        (r#"{"kid":"k"}"#, Algorithm),
        (r#"{"alg":"PS256","kid":"k"}"#, Signature),
        (r#"{"alg":"ES256","kid":"other"}"#, Signature),
        (r#"{"alg":"ES256","crit":["x"],"x":1}"#, Malformed),
        (r#"{"alg":"ES256","typ":"dpop+jwt"}"#, Type),
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, Type),
        (r#"{"alg":"ES256","typ":"client-authentication+jwt"}"#, Type),
    ] {
        assert_eq!(headed(header), Err(error), "{header}");
    }
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"jwt"}"#,
        r#"{"alg":"ES256","typ":"oauth-authz-req+jwt"}"#,
        r#"{"alg":"ES256","typ":"OautH-auThZ-REQ+jWt"}"#,
        r#"{"alg":"ES256","typ":"application/oauth-authz-req+jwt"}"#,
    ] {
        assert!(headed(header).is_ok(), "{header}");
    }
}

#[test]
fn a_registered_algorithm_is_the_only_one() {
    let text = jws(HEADER, &claims(&[]), &[1; 64]);
    let only = |algorithm| {
        let rules = RequestObjectRules {
            algorithm: Some(algorithm),
            ..RULES
        };
        UnverifiedRequestObject::parse(&text)
            .unwrap()
            .verify(&keys(), &rules, &PROVIDER, NOW)
            .map(|_| ())
    };
    assert_eq!(only(Algorithm::Es256), Ok(()));
    let other = only(Algorithm::Ps256);
    assert_eq!(other, Err(RequestObjectError::Algorithm));
}

#[test]
fn the_whole_must_be_a_small_signed_jws() {
    use RequestObjectError::*;
    let good = jws(HEADER, &claims(&[]), &[1; 64]);
    let unsigned = good.rsplit_once('.').unwrap().0;
    for (text, error) in [
        (String::new(), Malformed),
        ("a.b".to_owned(), Malformed),
        // An unsecured JWS, and an encrypted one.
        (format!("{unsigned}."), Malformed),
        ("a.b.c.d.e".to_owned(), Malformed),
        (format!("{good}="), Malformed),
        (jws(HEADER, "[]", &[1; 64]), Malformed),
        (jws(HEADER, &claims(&[]), &[2; 64]), Signature),
        ("a".repeat(UnverifiedRequestObject::MAX_BYTES + 1), TooLarge),
    ] {
        assert_eq!(verify(&text), Err(error), "{text}");
    }
}
