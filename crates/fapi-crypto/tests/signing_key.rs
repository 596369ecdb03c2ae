//! Signing keys: JWKs in and out, what is refused, and what is signed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use fapi_crypto::{KeyError, PROVIDER, SigningKey};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

/// RFC 8037 appendix A.1.
fn rfc8037_jwk() -> Value {
    json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// RFC 7515 appendix A.3.1.
fn rfc7515_jwk() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    })
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn verifies(public: &Value, jws: &str) -> bool {
    use jsonwebtoken::Algorithm as Theirs;
    let bytes = |name: &str| decode(public[name].as_str().unwrap());
    let (algorithm, key) = match public["kty"].as_str().unwrap() {
        "EC" => (
            Theirs::ES256,
            DecodingKey::from_ec_der(&[vec![0x04], bytes("x"), bytes("y")].concat()),
        ),
        "RSA" => (
            Theirs::PS256,
            DecodingKey::from_rsa_raw_components(&bytes("n"), &bytes("e")),
        ),
        _ => (Theirs::EdDSA, DecodingKey::from_ed_der(&bytes("x"))),
    };
    let (message, signature) = jws.rsplit_once('.').unwrap();
    (PROVIDER.verifier_factory)(&algorithm, &key)
        .unwrap()
        .verify(message.as_bytes(), &decode(signature))
        .is_ok()
}

fn read(jwk: &Value) -> Result<SigningKey, KeyError> {
    SigningKey::from_jwk_json(&jwk.to_string())
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name).unwrap();
    jwk
}

fn names(jwk: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = jwk
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn goes_through_a_private_jwk_and_back() {
    for algorithm in ALGORITHMS {
        let made = SigningKey::generate(algorithm).unwrap();
        let jwk = made.to_private_jwk().unwrap();
        let read = read(&jwk).unwrap();
        assert_eq!(read.algorithm(), algorithm);
        assert_eq!(read.thumbprint(), made.thumbprint());
        assert_eq!(read.kid(), made.kid());
        assert_eq!(read.to_private_jwk().unwrap(), jwk);
        assert_eq!(read.public_jwk(), made.public_jwk());

        let jws = read.sign_jwt("at+jwt", &json!({ "sub": "alice" })).unwrap();
        assert!(verifies(&made.public_jwk(), &jws));
        assert!(verifies(&made.public_jwk_members(), &jws));
        let other = SigningKey::generate(algorithm).unwrap();
        assert!(!verifies(&other.public_jwk(), &jws));
    }
}

/// RFC 7518 §6.2.1.2, §6.2.2.1: the zero byte that `d`, `x` and `y` begin with here stays.
#[test]
fn keeps_leading_zeros() {
    for (name, jwk) in [
        (
            "d",
            json!({
                "kty": "EC",
                "crv": "P-256",
                "d": "AILadEtDdWaF5_1PTFpFq8tyH04ZZLXkVrB0gR7Mqqg",
                "x": "Brw-EDAQaI6TZG9vZ2D9Lt2EU4-4tJNkfodonuo9e5w",
                "y": "zuIAUO1BG-sCu52EbVRejH85RzVq28BSaRVI22SNNbM",
            }),
        ),
        (
            "x",
            json!({
                "kty": "EC",
                "crv": "P-256",
                "d": "0vgBzIiizXFyw-8EgOfYMMmn5LqEPB2hzn-IDuUIA3s",
                "x": "AGjK_ZLpdpQFGLT6Ko-LWDBofbWD5issDBnF-USIF_8",
                "y": "8TZR9RIIBMYQO-PLVn7w-34DlSPRUizyBoTfBEPJDsQ",
            }),
        ),
        (
            "y",
            json!({
                "kty": "EC",
                "crv": "P-256",
                "d": "5zLsYBfH0LrDYJIuUzoXyQpW5gxqj4S5ptrLDmyXrQI",
                "x": "FIrWa-IEN_Y-mgXqGe18Tys_K41TaAmXdcCBZY0Y1gY",
                "y": "ADQjukBfffQvonAqdmozIqlnb692rNbGONk0R0KxLNM",
            }),
        ),
    ] {
        let bytes = decode(jwk[name].as_str().unwrap());
        assert_eq!((bytes.len(), bytes[0]), (32, 0));
        let written = read(&jwk).unwrap().to_private_jwk().unwrap();
        for member in names(&jwk) {
            assert_eq!(written[member], jwk[member], "{member}");
        }
        let stripped = URL_SAFE_NO_PAD.encode(&bytes[1..]);
        let refused = read(&with(jwk, name, stripped));
        assert!(matches!(refused, Err(KeyError::Encoding(found)) if found == name));
    }
}

#[test]
fn reads_the_private_keys_of_the_rfcs() {
    let key = read(&rfc8037_jwk()).unwrap();
    assert_eq!(
        key.thumbprint().to_string(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    // Ed25519 signs deterministically: RFC 8037 appendix A.4.
    let jws = key
        .sign_compact(r#"{"alg":"EdDSA"}"#, b"Example of Ed25519 signing")
        .unwrap();
    assert_eq!(
        jws,
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );

    let key = read(&rfc7515_jwk()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es256);
    let jws = key.sign_compact(r#"{"alg":"ES256"}"#, b"{}").unwrap();
    assert!(verifies(&rfc7515_jwk(), &jws));
}

#[test]
fn publishes_only_public_members() {
    for (algorithm, required) in [
        (Algorithm::Es256, &["crv", "kty", "x", "y"][..]),
        (Algorithm::Ps256, &["e", "kty", "n"]),
        (Algorithm::EdDsa, &["crv", "kty", "x"]),
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        assert_eq!(names(&key.public_jwk_members()), required);
        let mut published = [required, &["alg", "kid", "use"]].concat();
        published.sort_unstable();
        let jwk = key.public_jwk();
        assert_eq!(names(&jwk), published);
        assert_eq!(jwk["alg"], algorithm.name());
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["kid"], key.thumbprint().to_string());
    }
}

#[test]
fn keeps_a_given_kid() {
    let key = read(&with(rfc8037_jwk(), "kid", "2026-11")).unwrap();
    assert_eq!(key.kid(), "2026-11");
    assert_eq!(key.public_jwk()["kid"], "2026-11");
    assert_eq!(key.with_kid("2026-12").public_jwk()["kid"], "2026-12");
}

#[test]
fn fills_the_header_of_a_jwt() {
    for algorithm in ALGORITHMS {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("one");
        let jws = key.sign_jwt("at+jwt", &json!({ "iat": 1 })).unwrap();
        let parts: Vec<&str> = jws.split('.').collect();
        let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
        assert_eq!(
            header,
            json!({ "alg": algorithm.name(), "typ": "at+jwt", "kid": "one" })
        );
        assert_eq!(decode(parts[1]), br#"{"iat":1}"#);
    }
    let claims = std::collections::HashMap::from([([1_u8], 1)]);
    let refused = SigningKey::generate(Algorithm::EdDsa)
        .unwrap()
        .sign_jwt("JWT", &claims);
    assert!(matches!(refused, Err(KeyError::Claims(_))));
}

#[test]
fn signs_any_header_as_it_stands() {
    let key = read(&rfc8037_jwk()).unwrap();
    let jws = key.sign_compact(r#"{ "alg": "none" }"#, b"\xff").unwrap();
    let parts: Vec<&str> = jws.split('.').collect();
    assert_eq!(decode(parts[0]), br#"{ "alg": "none" }"#);
    assert_eq!(decode(parts[1]), b"\xff");
    assert!(verifies(&rfc8037_jwk(), &jws));
}

#[test]
fn debug_hides_the_key() {
    let key = read(&with(rfc8037_jwk(), "kid", "one")).unwrap();
    assert_eq!(
        format!("{key:?}"),
        r#"SigningKey { kid: "one", alg: "EdDSA", .. }"#
    );
}

#[test]
fn can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<SigningKey>();
    shared::<KeyError>();
}

#[test]
fn refuses_a_public_half_of_another_key() {
    for (algorithm, name) in [
        (Algorithm::Es256, "d"),
        (Algorithm::Ps256, "n"),
        (Algorithm::Ps256, "d"),
        (Algorithm::Ps256, "p"),
        (Algorithm::Ps256, "dp"),
        (Algorithm::Ps256, "qi"),
        (Algorithm::EdDsa, "x"),
        (Algorithm::EdDsa, "d"),
    ] {
        let jwk = private_jwk(algorithm);
        let other = private_jwk(algorithm);
        let mixed = with(jwk, name, other[name].clone());
        assert!(
            matches!(read(&mixed), Err(KeyError::Rejected)),
            "{algorithm} {name}"
        );
    }
    // Another point of the curve, whole: it must be compared and not only be on the curve.
    let other = private_jwk(Algorithm::Es256);
    let mixed = with(rfc7515_jwk(), "x", other["x"].clone());
    let mixed = with(mixed, "y", other["y"].clone());
    assert!(matches!(read(&mixed), Err(KeyError::Rejected)));
    // Off the curve.
    let mixed = with(rfc7515_jwk(), "y", other["y"].clone());
    assert!(matches!(read(&mixed), Err(KeyError::Rejected)));
}

fn private_jwk(algorithm: Algorithm) -> Value {
    SigningKey::generate(algorithm)
        .unwrap()
        .to_private_jwk()
        .unwrap()
}

#[test]
fn refuses_private_values_out_of_range() {
    // 0, the order n of P-256, and 2^256 - 1.
    for d in [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE",
        "__________________________________________8",
    ] {
        let jwk = with(rfc7515_jwk(), "d", d);
        assert!(matches!(read(&jwk), Err(KeyError::Rejected)), "{d}");
    }
}

#[test]
fn refuses_other_spellings_of_a_value() {
    let rsa = private_jwk(Algorithm::Ps256);
    for (jwk, members) in [
        (rfc7515_jwk(), &["x", "y", "d"][..]),
        (rfc8037_jwk(), &["x", "d"]),
        (rsa, &["n", "e", "d", "p", "q", "dp", "dq", "qi"]),
    ] {
        for name in members {
            let value = jwk[name].as_str().unwrap();
            let zero_first = URL_SAFE_NO_PAD.encode([&[0][..], &decode(value)].concat());
            for wrong in [
                String::new(),
                format!("{value}="),
                format!("{value}=="),
                format!("{value}\n"),
                format!(" {value}"),
                value.replacen(char::is_alphanumeric, "+", 1),
                zero_first,
            ] {
                let jwk = with(jwk.clone(), name, wrong.as_str());
                let error = read(&jwk).unwrap_err();
                assert!(
                    matches!(error, KeyError::Encoding(found) if found == *name),
                    "{name}={wrong:?}: {error}"
                );
            }
        }
    }
    // 32 bytes leave two spare bits in the last character: 0 to 3 spell the same byte.
    let jwk = with(
        rfc8037_jwk(),
        "x",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp",
    );
    assert!(matches!(read(&jwk), Err(KeyError::Encoding("x"))));
    let jwk = with(
        rfc8037_jwk(),
        "d",
        "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyu",
    );
    assert!(matches!(read(&jwk), Err(KeyError::Encoding("d"))));
}

#[test]
fn names_a_missing_member() {
    let rsa = private_jwk(Algorithm::Ps256);
    for (jwk, members) in [
        (rfc7515_jwk(), &["kty", "crv", "x", "y", "d"][..]),
        (rfc8037_jwk(), &["kty", "crv", "x", "d"]),
        (rsa, &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"]),
    ] {
        for name in members {
            let error = read(&without(jwk.clone(), name)).unwrap_err();
            assert!(
                matches!(error, KeyError::Missing(found) if found == *name),
                "{name}: {error}"
            );
        }
    }
}

#[test]
fn refuses_other_types_and_uses() {
    for (jwk, name, value) in [
        (rfc7515_jwk(), "crv", "P-384"),
        (rfc7515_jwk(), "crv", "secp256k1"),
        (rfc7515_jwk(), "crv", "p-256"),
        (rfc7515_jwk(), "crv", "Ed25519"),
        (rfc8037_jwk(), "crv", "X25519"),
        (rfc8037_jwk(), "crv", "Ed448"),
        (rfc8037_jwk(), "kty", "oct"),
        (rfc8037_jwk(), "kty", "EC"),
        (rfc8037_jwk(), "kty", "okp"),
    ] {
        let error = read(&with(jwk, name, value)).unwrap_err();
        assert!(
            matches!(error, KeyError::UnsupportedKeyType),
            "{name}={value}: {error}"
        );
    }
    for alg in ["ES256", "PS256", "RS256", "none", "eddsa", ""] {
        let error = read(&with(rfc8037_jwk(), "alg", alg)).unwrap_err();
        assert!(matches!(error, KeyError::AlgorithmMismatch), "{alg}");
    }
    for alg in ["EdDSA", "Ed25519"] {
        assert!(read(&with(rfc8037_jwk(), "alg", alg)).is_ok(), "{alg}");
    }
    for (usage, fits) in [("sig", true), ("enc", false), ("", false)] {
        let key = read(&with(rfc8037_jwk(), "use", usage));
        assert_eq!(key.is_ok(), fits, "{usage}");
        if let Err(error) = key {
            assert!(matches!(error, KeyError::NotForSigning));
        }
    }
}

#[test]
fn refuses_an_rsa_key_out_of_range() {
    let jwk = private_jwk(Algorithm::Ps256);
    let n = decode(jwk["n"].as_str().unwrap());
    let short = URL_SAFE_NO_PAD.encode(&n[..255]);
    let long = URL_SAFE_NO_PAD.encode(n.repeat(3));
    for (name, value) in [
        ("n", short.as_str()),
        ("n", &long),
        ("e", "Aw"),
        ("e", "AQAA"),
    ] {
        let error = read(&with(jwk.clone(), name, value)).unwrap_err();
        assert!(matches!(error, KeyError::RsaRange), "{name}={value}");
    }
}

#[test]
fn refuses_what_is_no_json_object_without_quoting_it() {
    let secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let jwk = rfc8037_jwk().to_string();
    let twice = jwk.replacen('{', &format!(r#"{{"d":"{secret}","#), 1);
    let quoted = Value::String(jwk.clone()).to_string();
    let trailing = format!("{jwk} {jwk}");
    let number = r#"{"kty":"OKP","crv":"Ed25519","d":4711}"#;
    for text in ["", "null", "[]", &twice, &quoted, &trailing, number] {
        let error = SigningKey::from_jwk_json(text).unwrap_err();
        assert!(matches!(error, KeyError::Json { .. }), "{text}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains(secret) && !shown.contains("4711"),
            "{shown}"
        );
    }
}

#[test]
fn ignores_members_that_it_does_not_know() {
    let jwk = with(rfc8037_jwk(), "x5t#S256", json!({ "any": ["thing"] }));
    assert!(read(&jwk).is_ok());
}
