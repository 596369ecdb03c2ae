//! Group F: signatures.

use num_bigint::BigUint;
use sha2::{Digest as _, Sha512};
use tower_fapi::testing::signature::{der, truncated};
use tower_fapi::testing::{Algorithm, TestKey};

use crate::case::Case;
use crate::case::Expect::{self, Accepted, InvalidProof, InvalidToken};
use crate::forge::{
    MaskHash, Rsa, b64, ed25519_order, fixed, p256_order, part, signing_input, unb64,
};
use crate::scene::CAST;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::proof("F02", "signed with another key", InvalidProof, |p, _| {
            p.signed_by(CAST.stranger.key())
        }),
        Case::request("F03", "another key's proof", InvalidToken, |scene| {
            let token = scene.token().build();
            let proof = scene.proof_by(&CAST.stranger, "GET", "/accounts", &token);
            scene.request(&token, &proof.build())
        }),
        // Not in the catalogue: bound to another key, and not even signed by that.
        Case::request(
            "F03",
            "another key's proof, badly signed",
            InvalidToken,
            |scene| {
                let token = scene.token().build();
                let proof = scene.proof_by(&CAST.stranger, "GET", "/accounts", &token);
                scene.request(&token, &proof.signed_by(scene.client().key()).build())
            },
        ),
    ];
    flipped(&mut cases);
    ecdsa(&mut cases);
    pss(&mut cases);
    eddsa(&mut cases);
    cases
}

fn flipped(cases: &mut Vec<Case>) {
    for (place, name) in ["header", "payload", "signature"].into_iter().enumerate() {
        for quarter in 0..4 {
            let flip = move |text: &str| {
                part(text, place, |part| {
                    let mut octets = unb64(part);
                    let at = octets.len() * quarter / 4;
                    octets[at] ^= 1;
                    b64(octets)
                })
            };
            let about = format!("{name}, quarter {quarter}");
            cases.push(Case::proof_text(
                "F01",
                format!("{about}, proof"),
                InvalidProof,
                move |proof| flip(proof).into(),
            ));
            cases.push(Case::token_text(
                "F01",
                format!("{about}, token"),
                InvalidToken,
                flip,
            ));
        }
    }
}

fn ecdsa(cases: &mut Vec<Case>) {
    let es256 = Algorithm::Es256;
    let n = p256_order();
    let max = (BigUint::from(1_u8) << 256) - 1_u8;
    replaced("F04", "64 zeros", es256, cases, |_| vec![0; 64]);
    let numbers = [
        ("0", BigUint::ZERO),
        ("1", BigUint::from(1_u8)),
        ("n − 1", &n - 1_u8),
        ("n", n.clone()),
        ("n + 1", &n + 1_u8),
        ("2²⁵⁶ − 1", max),
    ];
    for (r_name, r) in &numbers {
        for (s_name, s) in &numbers {
            let signature = [fixed(r, 32), fixed(s, 32)].concat();
            let about = format!("r = {r_name}, s = {s_name}");
            replaced("F05", &about, es256, cases, move |_| signature.clone());
        }
        let r = fixed(r, 32);
        let s = r.clone();
        replaced(
            "F05",
            &format!("r = {r_name}, s good"),
            es256,
            cases,
            move |good| [&r, &good[32..]].concat(),
        );
        replaced(
            "F05",
            &format!("r good, s = {r_name}"),
            es256,
            cases,
            move |good| [&good[..32], &s].concat(),
        );
    }
    replaced("F06", "DER", es256, cases, der);
    replaced("F07", "trailing zero", es256, cases, |s| {
        [&s[..], &[0]].concat()
    });
    replaced("F07", "leading zero", es256, cases, |s| {
        [&[0], &s[..]].concat()
    });
    replaced("F07", "truncated", es256, cases, truncated);
    replaced("F07", "only r", es256, cases, |s| s[..32].to_vec());
    replaced("F07", "twice", es256, cases, |s| [&s[..], &s[..]].concat());
    replaced("F07", "one octet", es256, cases, |_| vec![1]);
    replaced("F08", "little-endian", es256, cases, |s| {
        let turn = |part: &[u8]| part.iter().rev().copied().collect::<Vec<u8>>();
        [turn(&s[..32]), turn(&s[32..])].concat()
    });
    replaced("F08", "r and s swapped", es256, cases, |s| {
        [&s[32..], &s[..32]].concat()
    });
    // The RFCs' own examples are high-S, so both halves count.
    for (name, high) in [("high", true), ("low", false)] {
        let change = move |signature: Vec<u8>| with_half(&signature, high);
        changed(
            "F10",
            &format!("{name} S"),
            es256,
            cases,
            Accepted,
            Accepted,
            change,
        );
    }
    cases.push(Case::proof(
        "F22",
        "over SHA-512, proof",
        InvalidProof,
        |p, scene| {
            let message = signing_input(&p.header_json(), &p.claims_json());
            let key = scene.client().key().clone();
            p.signature(move |good| over_sha512(&key, &message, &good))
        },
    ));
    cases.push(Case::token(
        "F22",
        "over SHA-512, token",
        InvalidToken,
        |t, scene| {
            let message = signing_input(&t.header_json(), &t.claims_json());
            let key = scene.issuer().key().clone();
            t.signature(move |good| over_sha512(&key, &message, &good))
        },
    ));
}

fn pss(cases: &mut Vec<Case>) {
    let ps256 = Algorithm::Ps256;
    for (id, salt, mask, proof, token) in [
        ("F11", 32, MaskHash::Sha256, Accepted, Accepted),
        ("F11", 0, MaskHash::Sha256, InvalidProof, InvalidToken),
        ("F11", 20, MaskHash::Sha256, InvalidProof, InvalidToken),
        ("F11", 31, MaskHash::Sha256, InvalidProof, InvalidToken),
        ("F11", 222, MaskHash::Sha256, InvalidProof, InvalidToken),
        ("F12", 32, MaskHash::Sha512, InvalidProof, InvalidToken),
    ] {
        let about = format!("salt of {salt} octets, MGF1 with {mask:?}");
        let in_proof = Case::proof(id, format!("{about}, proof"), proof, move |p, scene| {
            let message = signing_input(&p.header_json(), &p.claims_json());
            let rsa = Rsa::of(scene.client().key());
            p.signature(move |_| rsa.sign_pss(&message, salt, mask))
        });
        let in_token = Case::token(id, format!("{about}, token"), token, move |t, scene| {
            let message = signing_input(&t.header_json(), &t.claims_json());
            let rsa = Rsa::of(scene.issuer().key());
            t.signature(move |_| rsa.sign_pss(&message, salt, mask))
        });
        cases.extend([in_proof.signed_with(ps256), in_token.signed_with(ps256)]);
    }
    replaced("F15", "0", ps256, cases, |_| vec![0; 256]);
    replaced("F15", "1", ps256, cases, |_| {
        fixed(&BigUint::from(1_u8), 256)
    });
    replaced("F15", "all ones, above n", ps256, cases, |_| {
        vec![0xff; 256]
    });
    replaced("F15", "leading zero", ps256, cases, |s| {
        [&[0], &s[..]].concat()
    });
    replaced("F15", "trailing zero", ps256, cases, |s| {
        [&s[..], &[0]].concat()
    });
    replaced("F15", "truncated", ps256, cases, truncated);
    cases.push(
        Case::proof("F15", "n more, proof", InvalidProof, |p, scene| {
            let rsa = Rsa::of(scene.client().key());
            p.signature(move |good| {
                // Where it does not fit in 2048 bits, it has 257 octets.
                fixed(&(BigUint::from_bytes_be(&good) + rsa.n), 256)
            })
        })
        .signed_with(ps256),
    );
    for length in [0, 1, 64, 128, 255, 257, 512] {
        replaced(
            "F16",
            &format!("{length} octets"),
            ps256,
            cases,
            move |_| vec![7; length],
        );
    }
}

fn eddsa(cases: &mut Vec<Case>) {
    let eddsa = Algorithm::EdDsa;
    replaced("F17", "S + L", eddsa, cases, |signature| {
        let (r, s) = signature.split_at(32);
        let s = BigUint::from_bytes_le(s) + ed25519_order();
        let mut s = fixed(&s, 32);
        s.reverse();
        [r, &s].concat()
    });
    replaced("F17", "S = L", eddsa, cases, |signature| {
        let mut s = fixed(&ed25519_order(), 32);
        s.reverse();
        [&signature[..32], &s].concat()
    });
    replaced("F17", "R of order 1, S = 0", eddsa, cases, |_| {
        let mut signature = vec![0; 64];
        signature[0] = 1;
        signature
    });
    replaced("F17", "64 zeros", eddsa, cases, |_| vec![0; 64]);
    replaced("F17", "63 octets", eddsa, cases, truncated);
}

/// The same change to the signatures of proof and token, refused in each.
fn replaced(
    id: &'static str,
    about: &str,
    algorithm: Algorithm,
    cases: &mut Vec<Case>,
    change: impl Fn(Vec<u8>) -> Vec<u8> + Clone + Send + Sync + 'static,
) {
    changed(
        id,
        about,
        algorithm,
        cases,
        InvalidProof,
        InvalidToken,
        change,
    );
}

fn changed(
    id: &'static str,
    about: &str,
    algorithm: Algorithm,
    cases: &mut Vec<Case>,
    in_proof: Expect,
    in_token: Expect,
    change: impl Fn(Vec<u8>) -> Vec<u8> + Clone + Send + Sync + 'static,
) {
    let again = change.clone();
    let proof = Case::proof(
        id,
        format!("{algorithm} {about}, proof"),
        in_proof,
        move |p, _| p.signature(change.clone()),
    );
    let token = Case::token(
        id,
        format!("{algorithm} {about}, token"),
        in_token,
        move |t, _| t.signature(again.clone()),
    );
    cases.extend([proof.signed_with(algorithm), token.signed_with(algorithm)]);
}

/// The ECDSA signature whose S lies in the upper or the lower half of its range. Both verify.
pub(super) fn with_half(signature: &[u8], high: bool) -> Vec<u8> {
    let n = p256_order();
    let s = BigUint::from_bytes_be(&signature[32..]);
    let is_high = &s * 2_u8 > n;
    let s = if is_high == high { s } else { n - s };
    [&signature[..32], &fixed(&s, 32)].concat()
}

/// From a good ES256 signature the one that the same key and the same k would give for SHA-512.
fn over_sha512(key: &TestKey, message: &[u8], good: &[u8]) -> Vec<u8> {
    let n = p256_order();
    let inverse = |number: &BigUint| number.modpow(&(&n - 2_u8), &n);
    let jwk = key.private_jwk();
    let d = BigUint::from_bytes_be(&unb64(jwk["d"].as_str().expect("d")));
    let (r, s) = good.split_at(32);
    let (r_number, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
    let e = BigUint::from_bytes_be(&sha2::Sha256::digest(message));
    let k = (e + &r_number * &d) * inverse(&s) % &n;
    let other = BigUint::from_bytes_be(&Sha512::digest(message)[..32]);
    let s = (other + r_number * d) * inverse(&k) % &n;
    [r, &fixed(&s, 32)].concat()
}
