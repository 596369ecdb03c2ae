use super::*;

// RFC 7517 appendix A.1, RFC 7638 §3.1, RFC 8037 appendix A.2.
const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ec(extra: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{extra}}}"#)
}

fn ec_of(x: &str, y: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":{x},"y":{y}}}"#)
}

fn rsa(n: &str, e: &str) -> String {
    format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)
}

fn okp(curve: &str, x: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"{curve}","x":"{x}"}}"#)
}

fn error(json: &str) -> KeyError {
    PublicKey::from_jwk(json).expect_err(json)
}

fn thumbprint_of(json: &str) -> String {
    PublicKey::from_jwk(json)
        .expect(json)
        .thumbprint()
        .to_string()
}

/// An odd number of so many bits.
fn number(bits: usize) -> Vec<u8> {
    let mut octets = vec![0xff; bits.div_ceil(8)];
    octets[0] >>= (8 - bits % 8) % 8;
    octets
}

fn b64(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    let rsa = rsa(N, "AQAB");
    assert_eq!(
        thumbprint_of(&rsa),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    let ed25519 = okp("Ed25519", ED);
    assert_eq!(
        thumbprint_of(&ed25519),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    assert_eq!(
        thumbprint_of(&ec("")),
        "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
    );
}

/// RFC 7638 §3.2: only the required members count, whatever their order and spelling in JSON.
#[test]
fn other_members_do_not_change_the_thumbprint() {
    let plain = thumbprint_of(&ec(""));
    for extra in [
        r#","kid":"1","use":"sig","alg":"ES256","x5c":["x"],"ext":true,"foo":{}"#,
        r#","key_ops":["verify"]"#,
        r#","n":"AQAB","e":"AQAB""#,
    ] {
        assert_eq!(thumbprint_of(&ec(extra)), plain, "{extra}");
    }
    let turned = format!(r#"{{"y":"{Y}","\u0078":"{X}","crv":"P-256","kty":"\u0045C"}}"#);
    assert_eq!(thumbprint_of(&turned), plain);
}

#[test]
fn what_is_not_a_jwk_is_malformed() {
    for json in [
        "null",
        "\"x\"",
        "[]",
        "1",
        "{",
        r#"{"kty":1}"#,
        r#"{"kty":null}"#,
        r#"{"kty":["EC"]}"#,
        &ec(r#","kty":"EC""#),
        &ec(&format!(r#","x":"{X}""#)),
        &ec(r#","\u0078":"AA""#),
        &ec(r#","use":1"#),
        &ec(r#","alg":null"#),
        &ec(r#","key_ops":"verify""#),
        &ec_of("1", "1"),
        &ec_of("null", "[]"),
    ] {
        assert_eq!(error(json), KeyError::Malformed, "{json}");
    }
}

/// RFC 9449 §4.3 check 7. Their presence is enough, whatever they hold.
#[test]
fn private_members_are_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in ["\"AA\"", "null", "[{}]", "\"\""] {
            let extra = format!(r#","{member}":{value}"#);
            assert_eq!(error(&ec(&extra)), KeyError::Private, "{extra}");
        }
    }
    assert_eq!(error(r#"{"kty":"oct","k":"AA"}"#), KeyError::Private);
    assert_eq!(error(r#"{"kty":"oct"}"#), KeyError::Private);
}

#[test]
fn other_types_and_curves_are_unsupported() {
    for json in [
        r#"{"kty":"XX"}"#,
        r#"{"kty":"ec"}"#,
        r#"{"kty":"EC"}"#,
        &ec("").replace("P-256", "P-384"),
        &ec("").replace("P-256", "secp256k1"),
        &ec("").replace("P-256", "P-256K"),
        &ec("").replace("P-256", "BP-256"),
        &ec("").replace("P-256", "Ed25519"),
        &okp("X25519", ED),
        &okp("Ed448", ED),
        &okp("P-256", ED),
    ] {
        assert_eq!(error(json), KeyError::Unsupported, "{json}");
    }
    assert_eq!(error("{}"), KeyError::Invalid);
}

#[test]
fn points_are_whole_and_on_the_curve() {
    let zero = b64(&[0; 32]);
    let quoted = |text: &str| format!("\"{text}\"");
    for (x, y) in [
        ("", Y),
        (X, ""),
        (zero.as_str(), zero.as_str()),
        (zero.as_str(), Y),
        (X, zero.as_str()),
        // Swapped.
        (Y, X),
        // 31 and 33 octets: a leading zero is neither dropped nor added.
        (X, b64(&[1; 31]).as_str()),
        (X, b64(&[0; 33]).as_str()),
        // SEC 1 forms in `x`.
        (b64(&[4; 65]).as_str(), Y),
        // Other spellings of base64url: padding, spare bits, alphabet, escapes.
        (format!("{X}=").as_str(), Y),
        (X.replace("7D4", "7D5").as_str(), Y),
        (X.replace('_', "/").as_str(), &Y.replace('x', "+")),
        (X, &Y.replace('4', r#"\""#)),
    ] {
        let json = ec_of(&quoted(x), &quoted(y));
        assert_eq!(error(&json), KeyError::Invalid, "{json}");
    }
    assert_eq!(error(r#"{"kty":"EC","crv":"P-256"}"#), KeyError::Invalid);
    let field = [0xff; 32];
    let outside = ec_of(&quoted(&b64(&field)), &quoted(Y));
    assert_eq!(error(&outside), KeyError::Invalid);
}

#[test]
fn ed25519_points_are_32_octets_and_canonical() {
    let mut not_canonical = [0xff; 32];
    not_canonical[31] = 0x7f;
    let mut minus_zero = [0; 32];
    minus_zero[0] = 1;
    minus_zero[31] = 0x80;
    for octets in [
        &[][..],
        &[7; 31],
        &[7; 33],
        &[0; 32],
        &not_canonical,
        &minus_zero,
    ] {
        let json = okp("Ed25519", &b64(octets));
        assert_eq!(error(&json), KeyError::Invalid, "{json}");
    }
}

#[test]
fn rsa_moduli_have_2048_to_4096_bits() {
    for bits in [2048, 2056, 3072, 4095, 4096] {
        assert!(
            PublicKey::from_jwk(&rsa(&b64(&number(bits)), "AQAB")).is_ok(),
            "{bits}"
        );
    }
    for bits in [8, 512, 1024, 2040, 2047, 4097, 8192, 16_384, 1 << 20] {
        let json = rsa(&b64(&number(bits)), "AQAB");
        assert_eq!(error(&json), KeyError::Invalid, "{bits}");
    }
    let mut even = number(2048);
    even[255] = 0xfe;
    let mut padded = number(2048);
    padded.insert(0, 0);
    for wrong in [even, padded, vec![], vec![0; 256]] {
        assert_eq!(error(&rsa(&b64(&wrong), "AQAB")), KeyError::Invalid);
    }
    assert_eq!(error(r#"{"kty":"RSA","e":"AQAB"}"#), KeyError::Invalid);
    assert_eq!(error(&rsa(&format!("{N}=="), "AQAB")), KeyError::Invalid);
}

#[test]
fn rsa_exponents_are_odd_and_from_65537_to_32_bits() {
    for exponent in [65537_u32, 65539, 0xff_ffff, 0x0100_0001, u32::MAX] {
        let octets = exponent.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        assert!(
            PublicKey::from_jwk(&rsa(N, &b64(&octets[zeros..]))).is_ok(),
            "{exponent}"
        );
    }
    for wrong in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[3],
        &[17],
        &[0xff, 0xff],
        &[1, 0, 0],
        &[1, 0, 2],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 1],
        // Truncated to 32 or 64 bits these would be 65537.
        &[1, 0, 1, 0, 1],
        &[1, 0, 0, 0, 0, 0, 1, 0, 1],
        &[0xff; 512],
    ] {
        assert_eq!(error(&rsa(N, &b64(wrong))), KeyError::Invalid, "{wrong:?}");
    }
    assert_eq!(error(&rsa(N, "AQAB=")), KeyError::Invalid);
}

#[test]
fn a_key_for_something_else_is_refused() {
    for extra in [
        r#","use":"enc""#,
        r#","use":"""#,
        r#","use":"SIG""#,
        r#","key_ops":[]"#,
        r#","key_ops":["sign"]"#,
        r#","key_ops":["encrypt","deriveKey"]"#,
        r#","alg":"ES384""#,
        r#","alg":"PS256""#,
        r#","alg":"EdDSA""#,
        r#","alg":"none""#,
        r#","alg":"""#,
    ] {
        assert_eq!(error(&ec(extra)), KeyError::ForOtherUse, "{extra}");
    }
    let rs256 = rsa(N, "AQAB").replace('}', r#","alg":"RS256"}"#);
    assert_eq!(error(&rs256), KeyError::ForOtherUse);
}

#[test]
fn debug_shows_the_thumbprint_alone() {
    let key = PublicKey::from_jwk(&ec("")).unwrap();
    assert_eq!(
        format!("{key:?}"),
        format!("PublicKey({})", key.thumbprint())
    );
}
