//! The provider on the examples of the RFCs and on keys and signatures in a wrong form.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic too"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm as Ours;
use fapi_crypto::{PROVIDER, SigningKey};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

/// RFC 7515 appendix A.3; its S lies in the upper half of the range.
const ES256_JWS: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const ES256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const ES256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

/// RFC 8037 appendix A.4.
const EDDSA_JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const EDDSA_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn es256_point() -> Vec<u8> {
    [vec![0x04], decode(ES256_X), decode(ES256_Y)].concat()
}

fn verifies(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &[u8]) -> bool {
    (PROVIDER.verifier_factory)(&algorithm, key)
        .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
}

fn verifies_jws(algorithm: Algorithm, key: &DecodingKey, jws: &str) -> bool {
    let (message, signature) = jws.rsplit_once('.').unwrap();
    verifies(algorithm, key, message.as_bytes(), &decode(signature))
}

fn verifier_error(algorithm: Algorithm, key: &DecodingKey) -> ErrorKind {
    match (PROVIDER.verifier_factory)(&algorithm, key) {
        Ok(_) => panic!("{algorithm:?} took the key"),
        Err(error) => error.into_kind(),
    }
}

fn signer_error(algorithm: Algorithm, key: &EncodingKey) -> ErrorKind {
    match (PROVIDER.signer_factory)(&algorithm, key) {
        Ok(_) => panic!("{algorithm:?} took the key"),
        Err(error) => error.into_kind(),
    }
}

fn decoding_key(key: &SigningKey) -> DecodingKey {
    let jwk = key.public_jwk_members();
    let bytes = |name: &str| decode(jwk[name].as_str().unwrap());
    match key.algorithm() {
        Ours::Es256 => DecodingKey::from_ec_der(&[vec![0x04], bytes("x"), bytes("y")].concat()),
        Ours::Ps256 => DecodingKey::from_rsa_raw_components(&bytes("n"), &bytes("e")),
        Ours::EdDsa => DecodingKey::from_ed_der(&bytes("x")),
    }
}

#[test]
fn verifies_the_examples_of_the_rfcs() {
    let es256 = DecodingKey::from_ec_der(&es256_point());
    assert!(verifies_jws(Algorithm::ES256, &es256, ES256_JWS));
    let eddsa = DecodingKey::from_ed_der(&decode(EDDSA_X));
    assert!(verifies_jws(Algorithm::EdDSA, &eddsa, EDDSA_JWS));
}

/// F01: every bit of the signature, one bit of each byte of message and key.
#[test]
fn refuses_each_flipped_bit() {
    for (ours, algorithm) in [
        (Ours::Es256, Algorithm::ES256),
        (Ours::Ps256, Algorithm::PS256),
        (Ours::EdDsa, Algorithm::EdDSA),
    ] {
        let key = SigningKey::generate(ours).unwrap();
        let message = b"header.payload".to_vec();
        let signature = key.sign(&message).unwrap();
        let public = decoding_key(&key);
        assert!(verifies(algorithm, &public, &message, &signature));

        for bit in 0..signature.len() * 8 {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(algorithm, &public, &message, &flipped), "{bit}");
        }
        for byte in 0..message.len() {
            let mut flipped = message.clone();
            flipped[byte] ^= 1 << (byte % 8);
            assert!(!verifies(algorithm, &public, &flipped, &signature));
        }
        for other in keys_with_a_flipped_bit(&key) {
            assert!(!verifies(algorithm, &other, &message, &signature));
        }
        let other = decoding_key(&SigningKey::generate(ours).unwrap());
        assert!(!verifies(algorithm, &other, &message, &signature), "F02");
    }
}

fn keys_with_a_flipped_bit(key: &SigningKey) -> Vec<DecodingKey> {
    let jwk = key.public_jwk_members();
    let bytes = |name: &str| decode(jwk[name].as_str().unwrap());
    let flip = |bytes: &[u8], byte: usize| {
        let mut flipped = bytes.to_vec();
        flipped[byte] ^= 1 << (byte % 8);
        flipped
    };
    match key.algorithm() {
        Ours::Es256 => {
            let point = [vec![0x04], bytes("x"), bytes("y")].concat();
            (0..point.len())
                .map(|byte| DecodingKey::from_ec_der(&flip(&point, byte)))
                .collect()
        }
        Ours::Ps256 => {
            let (n, e) = (bytes("n"), bytes("e"));
            (0..n.len())
                .map(|byte| DecodingKey::from_rsa_raw_components(&flip(&n, byte), &e))
                .chain(
                    (0..e.len())
                        .map(|byte| DecodingKey::from_rsa_raw_components(&n, &flip(&e, byte))),
                )
                .collect()
        }
        Ours::EdDsa => {
            let x = bytes("x");
            (0..x.len())
                .map(|byte| DecodingKey::from_ed_der(&flip(&x, byte)))
                .collect()
        }
    }
}

/// F04, F07, F16: lengths around the right one, and zeros of the right length.
#[test]
fn refuses_signatures_of_another_length() {
    for (ours, algorithm) in [
        (Ours::Es256, Algorithm::ES256),
        (Ours::Ps256, Algorithm::PS256),
        (Ours::EdDsa, Algorithm::EdDSA),
    ] {
        let key = SigningKey::generate(ours).unwrap();
        let public = decoding_key(&key);
        let signature = key.sign(b"message").unwrap();
        let refused = |signature: &[u8]| !verifies(algorithm, &public, b"message", signature);
        assert!(refused(&[]));
        assert!(refused(&signature[1..]));
        assert!(refused(&signature[..signature.len() - 1]));
        assert!(refused(&[&signature[..], &[0]].concat()));
        assert!(refused(&[&[0], &signature[..]].concat()));
        assert!(refused(&vec![0; signature.len()]));
    }
}

#[test]
fn takes_a_p256_key_only_as_an_uncompressed_point() {
    let point = es256_point();
    let mut compressed = point[..33].to_vec();
    compressed[0] = 0x02 | (point[64] & 1);
    let mut hybrid = point.clone();
    hybrid[0] = 0x06 | (point[64] & 1);
    let spki_head = decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE");
    let spki = [&spki_head[..], &point[1..]].concat();
    for wrong in [&[][..], &compressed, &hybrid, &spki, &point[..64]] {
        let key = DecodingKey::from_ec_der(wrong);
        assert_eq!(
            verifier_error(Algorithm::ES256, &key),
            ErrorKind::InvalidEcdsaKey
        );
    }

    // Off the curve: only the back end can tell, so verification fails instead of the factory.
    let mut off_curve = point;
    off_curve[64] ^= 1;
    let key = DecodingKey::from_ec_der(&off_curve);
    assert!(!verifies_jws(Algorithm::ES256, &key, ES256_JWS));
}

#[test]
fn takes_an_ed25519_key_only_as_32_bytes() {
    let point = decode(EDDSA_X);
    let spki = [&decode("MCowBQYDK2VwAyEA")[..], &point].concat();
    for wrong in [&[][..], &point[1..], &[&point[..], &[0]].concat(), &spki] {
        let key = DecodingKey::from_ed_der(wrong);
        assert_eq!(
            verifier_error(Algorithm::EdDSA, &key),
            ErrorKind::InvalidEddsaKey
        );
    }
}

#[test]
fn takes_an_rsa_key_only_as_components_in_range() {
    let f4 = [1, 0, 1];
    for (bytes, e) in [
        (255, &f4[..]),
        (513, &f4),
        (1024, &f4),
        (256, &[3]),
        (256, &[1, 0, 0]),
    ] {
        let key = DecodingKey::from_rsa_raw_components(&vec![0xff; bytes], e);
        assert!(
            matches!(
                verifier_error(Algorithm::PS256, &key),
                ErrorKind::InvalidRsaKey(_)
            ),
            "{bytes} {e:?}"
        );
    }
    let der = DecodingKey::from_rsa_der(&[0x30, 0x00]);
    assert_eq!(
        verifier_error(Algorithm::PS256, &der),
        ErrorKind::InvalidKeyFormat
    );
}

#[test]
fn refuses_every_other_algorithm() {
    let point = es256_point();
    for algorithm in [
        Algorithm::HS256,
        Algorithm::HS384,
        Algorithm::HS512,
        Algorithm::ES384,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS384,
        Algorithm::PS512,
    ] {
        for key in [
            DecodingKey::from_secret(&point),
            DecodingKey::from_ec_der(&point),
            DecodingKey::from_rsa_raw_components(&[0xff; 256], &[1, 0, 1]),
        ] {
            assert_eq!(
                verifier_error(algorithm, &key),
                ErrorKind::UnsupportedAlgorithm
            );
        }
        let key = EncodingKey::from_secret(&point);
        assert_eq!(
            signer_error(algorithm, &key),
            ErrorKind::UnsupportedAlgorithm
        );
    }
}

#[test]
fn refuses_a_key_of_another_family() {
    let point = es256_point();
    for algorithm in [Algorithm::ES256, Algorithm::PS256, Algorithm::EdDSA] {
        let key = DecodingKey::from_secret(&point);
        assert_eq!(verifier_error(algorithm, &key), ErrorKind::InvalidKeyFormat);
        let key = EncodingKey::from_secret(&point);
        assert_eq!(signer_error(algorithm, &key), ErrorKind::InvalidKeyFormat);
    }
    let ec = DecodingKey::from_ec_der(&decode(EDDSA_X));
    assert_eq!(
        verifier_error(Algorithm::EdDSA, &ec),
        ErrorKind::InvalidKeyFormat
    );
}

#[test]
fn signs_with_pkcs8_keys() {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::signature as back_end;
    use back_end::KeyPair as _;

    let signs = |algorithm, key: EncodingKey, public: DecodingKey| {
        let signer = (PROVIDER.signer_factory)(&algorithm, &key).unwrap();
        assert_eq!(signer.algorithm(), algorithm);
        let signature = signer.try_sign(b"message").unwrap();
        assert!(verifies(algorithm, &public, b"message", &signature));
    };

    let pair =
        back_end::EcdsaKeyPair::generate(&back_end::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = pair.to_pkcs8v1().unwrap();
    signs(
        Algorithm::ES256,
        EncodingKey::from_ec_der(der.as_ref()),
        DecodingKey::from_ec_der(pair.public_key().as_ref()),
    );

    let pair = back_end::Ed25519KeyPair::generate().unwrap();
    let der = pair.to_pkcs8().unwrap();
    signs(
        Algorithm::EdDSA,
        EncodingKey::from_ed_der(der.as_ref()),
        DecodingKey::from_ed_der(pair.public_key().as_ref()),
    );

    let pair = back_end::RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // RFC 8017 A.1.1 for 2048 bits and F4: head, sign byte, n, then the INTEGER 65537.
    let public = pair.public_key().as_ref();
    let n = &public[public.len() - 5 - 256..public.len() - 5];
    let components = || DecodingKey::from_rsa_raw_components(n, &[1, 0, 1]);
    signs(
        Algorithm::PS256,
        EncodingKey::from_rsa_der(pkcs8.as_ref()),
        components(),
    );
    // PKCS#1 lies in the PKCS#8 document after 26 bytes: outer head, version, algorithm, head.
    signs(
        Algorithm::PS256,
        EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]),
        components(),
    );

    for (algorithm, key, kind) in [
        (
            Algorithm::ES256,
            EncodingKey::from_ec_der(b"x"),
            ErrorKind::InvalidEcdsaKey,
        ),
        (
            Algorithm::EdDSA,
            EncodingKey::from_ed_der(b"x"),
            ErrorKind::InvalidEddsaKey,
        ),
        (
            Algorithm::PS256,
            EncodingKey::from_rsa_der(b"x"),
            ErrorKind::InvalidRsaKey("malformed or out of range".to_owned()),
        ),
    ] {
        assert_eq!(signer_error(algorithm, &key), kind);
    }
}

/// The exponent 3 is fine with the back end, but no verifier of ours would take the public key.
#[test]
fn refuses_to_sign_with_an_rsa_key_out_of_range() {
    let der = include_bytes!("data/rsa_2048_exponent_3.pkcs8.der");
    assert!(aws_lc_rs::signature::RsaKeyPair::from_pkcs8(der).is_ok());
    assert!(matches!(
        signer_error(Algorithm::PS256, &EncodingKey::from_rsa_der(der)),
        ErrorKind::InvalidRsaKey(_)
    ));
}

#[test]
fn key_utils_answer_without_panic() {
    let utils = &PROVIDER.key_utils;
    let digest = (utils.compute_digest)(b"abc", ThumbprintHash::SHA256).unwrap();
    assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
    let refused = (utils.rsa_pub_components_from_private_key)(b"").unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::UnsupportedAlgorithm);
    let refused = (utils.ec_pub_components_from_private_key)(b"", Algorithm::ES256).unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::UnsupportedAlgorithm);
}
