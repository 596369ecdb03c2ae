//! With a stand-in for the signature, but for the test that has a real one.

use super::SignedIntrospectionError as Error;
use super::*;
use crate::jose::stand_in::{self, PROVIDER, jws, keys};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const HEADER: &str = r#"{"typ":"token-introspection+jwt","alg":"ES256","kid":"k"}"#;
const ANSWER: &str = r#"{ "active":true, "exp":1700000300.0 }"#;

fn open_at(jwt: &str, now: UnixTime) -> Result<Box<str>, Error> {
    let expected = Expected {
        issuer: "https://as.example.com",
        audiences: &["rs".into(), "https://api.example.com".into()],
        algorithms: AlgorithmSet::ALL,
        now,
        future: 10,
    };
    open(jwt, &keys(), &PROVIDER, &expected)
}

/// Claims that are right, but for these.
fn claims(changed: &[(&str, Option<&str>)]) -> String {
    let issued_at = NOW.as_secs().to_string();
    let right = [
        ("iss", r#""https://as.example.com""#),
        ("aud", r#""https://api.example.com""#),
        ("iat", &issued_at),
        ("token_introspection", ANSWER),
    ];
    stand_in::claims(&right, changed)
}

fn with(name: &str, value: Option<&str>) -> Result<Box<str>, Error> {
    open_at(&jws(HEADER, &claims(&[(name, value)]), &[1; 64]), NOW)
}

fn headed(header: &str) -> Result<Box<str>, Error> {
    open_at(&jws(header, &claims(&[]), &[1; 64]), NOW)
}

#[test]
fn the_answer_comes_out_as_the_issuer_wrote_it() {
    assert_eq!(&*headed(HEADER).unwrap(), ANSWER);
    for aud in [
        r#""rs""#,
        r#"["x","rs"]"#,
        r#"["https://api.example.com"]"#,
        r#""\u0072s""#,
    ] {
        assert_eq!(&*with("aud", Some(aud)).unwrap(), ANSWER, "{aud}");
    }
    // What the envelope says beside it is not about the token.
    let inner = r#"{"active":false}"#;
    let beside = claims(&[
        ("token_introspection", Some(inner)),
        ("active", Some("true")),
        ("sub", Some(r#""alice""#)),
        ("scope", Some("7")),
    ]);
    let answer = open_at(&jws(HEADER, &beside, &[1; 64]), NOW).unwrap();
    assert_eq!(&*answer, inner);
}

#[test]
fn o05_only_the_type_of_introspection_responses() {
    for typ in [
        "Token-Introspection+JWT",
        "application/token-introspection+jwt",
        "APPLICATION/TOKEN-INTROSPECTION+JWT",
    ] {
        let header = format!(r#"{{"typ":"{typ}","alg":"ES256"}}"#);
        assert!(headed(&header).is_ok(), "{typ}");
    }
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"typ":"","alg":"ES256"}"#,
        r#"{"typ":"JWT","alg":"ES256"}"#,
        r#"{"typ":"at+jwt","alg":"ES256"}"#,
        r#"{"typ":"token-introspection","alg":"ES256"}"#,
        r#"{"typ":"token-introspection+jwt ","alg":"ES256"}"#,
        r#"{"typ":"text/token-introspection+jwt","alg":"ES256"}"#,
    ] {
        assert_eq!(headed(header), Err(Error::Type), "{header}");
    }
}

#[test]
fn o05_only_algorithms_that_are_allowed() {
    for alg in [
        r#""none""#,
        r#""None""#,
        r#""HS256""#,
        r#""RS256""#,
        r#""ES384""#,
        r#""es256""#,
        r#""""#,
    ] {
        let header = format!(r#"{{"typ":"token-introspection+jwt","alg":{alg}}}"#);
        assert_eq!(headed(&header), Err(Error::Algorithm), "{alg}");
    }
    let missing = r#"{"typ":"token-introspection+jwt"}"#;
    assert_eq!(headed(missing), Err(Error::Algorithm));
    let only = Expected {
        issuer: "https://as.example.com",
        audiences: &["rs".into()],
        algorithms: [Algorithm::Ps256].into_iter().collect(),
        now: NOW,
        future: 10,
    };
    let jwt = jws(HEADER, &claims(&[]), &[1; 64]);
    assert_eq!(open(&jwt, &keys(), &PROVIDER, &only), Err(Error::Algorithm));
    // An unsecured JWS (RFC 7515 appendix A.5) has no signature.
    let unsecured = r#"{"typ":"token-introspection+jwt","alg":"none"}"#;
    let jwt = jws(unsecured, &claims(&[]), &[]);
    assert_eq!(open_at(&jwt, NOW), Err(Error::Malformed));
}

#[test]
fn o05_the_signature_is_of_a_key_of_the_issuer() {
    let payload = claims(&[]);
    assert_eq!(
        open_at(&jws(HEADER, &payload, &[2; 64]), NOW),
        Err(Error::Signature)
    );
    assert_eq!(
        open_at(&jws(HEADER, &payload, &[1; 63]), NOW),
        Err(Error::Signature)
    );
    assert_eq!(
        headed(r#"{"typ":"token-introspection+jwt","alg":"ES256","kid":"other"}"#),
        Err(Error::UnknownKid)
    );
    // A key of another type has the `kid`, and `alg` asks for what it cannot do.
    assert_eq!(
        headed(r#"{"typ":"token-introspection+jwt","alg":"EdDSA","kid":"k"}"#),
        Err(Error::Signature)
    );
    assert!(headed(r#"{"typ":"token-introspection+jwt","alg":"ES256"}"#).is_ok());
}

#[test]
fn o05_issuer_and_audience_are_exact() {
    for iss in [
        r#""https://as.example.com/""#,
        r#""https://AS.example.com""#,
        r#""https://evil.example.com""#,
    ] {
        assert_eq!(with("iss", Some(iss)), Err(Error::Issuer), "{iss}");
    }
    for aud in [
        "[]",
        r#""""#,
        r#""RS""#,
        r#""https://api.example.com/""#,
        r#"["https://other.example.com"]"#,
    ] {
        assert_eq!(with("aud", Some(aud)), Err(Error::Audience), "{aud}");
    }
}

#[test]
fn o05_a_response_is_young() {
    let jwt = jws(HEADER, &claims(&[]), &[1; 64]);
    for (seconds, outcome) in [
        (0, Ok(ANSWER.into())),
        (60, Ok(ANSWER.into())),
        (61, Err(Error::Stale)),
        (86_400, Err(Error::Stale)),
        (-10, Ok(ANSWER.into())),
        (-11, Err(Error::NotYetValid)),
    ] {
        assert_eq!(open_at(&jwt, NOW.plus(seconds)), outcome, "{seconds}");
    }
    let date = |seconds: i64| NOW.plus(seconds).as_secs().to_string();
    for (name, seconds, outcome) in [
        ("exp", 1, Ok(ANSWER.into())),
        ("exp", 0, Err(Error::Stale)),
        ("nbf", 10, Ok(ANSWER.into())),
        ("nbf", 11, Err(Error::NotYetValid)),
    ] {
        let date = date(seconds);
        assert_eq!(with(name, Some(&date)), outcome, "{name} {seconds}");
    }
}

#[test]
fn a_real_signature_covers_every_byte() {
    // The private half of the key above, from the same appendix.
    let key = fapi_crypto::SigningKey::from_jwk_json(
        r#"{"kty":"EC","crv":"P-256","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
          "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    )
    .unwrap();
    let expected = Expected {
        issuer: "https://as.example.com",
        audiences: &["rs".into(), "https://api.example.com".into()],
        algorithms: AlgorithmSet::ALL,
        now: NOW,
        future: 10,
    };
    let open = |jwt: &str| open(jwt, &keys(), &fapi_crypto::PROVIDER, &expected);
    let jwt = key.sign_compact(HEADER, claims(&[]).as_bytes()).unwrap();
    assert_eq!(open(&jwt).as_deref(), Ok(ANSWER));

    let (_, signature) = jwt.rsplit_once('.').unwrap();
    let other = claims(&[("token_introspection", Some(r#"{"active":false}"#))]);
    let forged = jws(
        HEADER,
        &other,
        &crate::jose::jws::decode(signature).unwrap(),
    );
    assert_eq!(open(&forged), Err(Error::Signature));
    let header = HEADER.replace("+jwt", "+JWT");
    let forged = jws(
        &header,
        &claims(&[]),
        &crate::jose::jws::decode(signature).unwrap(),
    );
    assert_eq!(open(&forged), Err(Error::Signature));
}

#[test]
fn what_is_required_is_there() {
    for name in ["iss", "aud", "iat", "token_introspection"] {
        assert_eq!(with(name, None), Err(Error::MissingClaim), "{name}");
    }
    assert_eq!(with("iss", Some(r#""""#)), Err(Error::MissingClaim));
}

#[test]
fn what_cannot_be_read_strictly_is_malformed() {
    for (name, value) in [
        ("iss", "1"),
        ("aud", "{}"),
        ("aud", r#"["rs",1]"#),
        ("iat", r#""1700000000""#),
        ("iat", "null"),
        ("exp", "true"),
        ("token_introspection", r#""{\"active\":true}""#),
        ("token_introspection", "[]"),
        ("token_introspection", "true"),
        ("token_introspection", "null"),
    ] {
        let outcome = with(name, Some(value));
        assert_eq!(outcome, Err(Error::Malformed), "{name} {value}");
    }
    let doubled = claims(&[(r#"iat":1,"iat"#, Some("1700000000"))]);
    let answers = claims(&[("token_introspectio\\u006e", Some("{}"))]);
    for payload in [&*doubled, &*answers, "", "[]", "{}x"] {
        let jwt = jws(HEADER, payload, &[1; 64]);
        assert_eq!(open_at(&jwt, NOW), Err(Error::Malformed), "{payload}");
    }
    for header in [
        r#"{"typ":"token-introspection+jwt","alg":"ES256","crit":["exp"]}"#,
        r#"{"typ":"token-introspection+jwt","alg":"ES256","alg":"ES256"}"#,
        r#"{"typ":"token-introspection+jwt","alg":"ES256","kid":1}"#,
        "[]",
    ] {
        assert_eq!(headed(header), Err(Error::Malformed), "{header}");
    }
    let good = jws(HEADER, &claims(&[]), &[1; 64]);
    for jwt in [
        "",
        "{\"active\":true}",
        "a.b.c.d.e",
        &format!("{good}="),
        &format!("{good}\n"),
        &format!(" {good}"),
    ] {
        assert_eq!(open_at(jwt, NOW), Err(Error::Malformed), "{jwt:?}");
    }
}

#[test]
fn the_kid_can_be_seen_before_anything_is_believed() {
    let jwt = jws(HEADER, "not read", b"nor this");
    assert_eq!(claimed_kid(&jwt).as_deref(), Some("k"));
    let without = jws(r#"{"alg":"ES256"}"#, "x", b"y");
    let doubled = jws(r#"{"kid":"a","kid":"b"}"#, "x", b"y");
    for jwt in [&*without, &*doubled, "", "a.b.c"] {
        assert_eq!(claimed_kid(jwt), None, "{jwt}");
    }
}

#[test]
fn codes_are_distinct() {
    let all = [
        Error::Malformed,
        Error::Type,
        Error::Algorithm,
        Error::MissingClaim,
        Error::Issuer,
        Error::Audience,
        Error::Stale,
        Error::NotYetValid,
        Error::UnknownKid,
        Error::Signature,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(codes.len(), all.len());
}
