//! Group E: the key inside the proof.
//!
//! Each bad key comes with the ordinary token and with one that is bound to that very key.

use std::sync::LazyLock;

use num_bigint::BigUint;
use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestClient, TestKey};

use crate::case::Case;
use crate::case::Expect::{Accepted, InvalidProof};
use crate::forge::{b64, fixed, hex, thumbprint, unb64};

const RSA_4096: &str = include_str!("../../tests/vectors/rsa4096.json");

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    shapes(&mut cases);
    private(&mut cases);
    p256(&mut cases);
    rsa(&mut cases);
    ed25519(&mut cases);
    cases
}

fn shapes(cases: &mut Vec<Case>) {
    for jwk in [
        json!(null),
        json!("x"),
        json!([]),
        json!(1),
        json!(true),
        json!({}),
    ] {
        bad(
            "E02",
            &jwk.to_string(),
            Algorithm::Es256,
            cases,
            move |_| jwk.clone(),
        );
    }
    cases.push(Case::proof("E02", "no jwk", InvalidProof, |p, _| {
        p.without_header("jwk")
    }));
    for kty in [json!(1), json!("XX"), json!(null), json!("ec"), json!("")] {
        set(
            "E03",
            &kty.to_string(),
            Algorithm::Es256,
            cases,
            "kty",
            kty.clone(),
        );
    }
    bad("E03", "missing", Algorithm::Es256, cases, |jwk| {
        without(jwk, "kty")
    });
    bad(
        "E08",
        "oct",
        Algorithm::Es256,
        cases,
        |_| json!({ "kty": "oct", "k": b64([7; 32]) }),
    );
    for (name, value) in [
        ("kid", json!("k")),
        ("use", json!("sig")),
        ("key_ops", json!(["verify"])),
        ("alg", json!("ES256")),
        ("x5c", json!(["MIIB"])),
        ("ext", json!(true)),
        ("foo", json!({ "bar": 1 })),
    ] {
        cases.push(Case::proof("E09", name, Accepted, move |p, scene| {
            let mut jwk = scene.client().key().public_jwk();
            jwk[name] = value.clone();
            p.jwk(jwk)
        }));
    }
    // Not in the catalogue: members that say the key is for something else.
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("PS256")),
        ("alg", json!("ECDH-ES")),
    ] {
        set(
            "E09",
            &format!("{name} {value}"),
            Algorithm::Es256,
            cases,
            name,
            value,
        );
    }
}

fn private(cases: &mut Vec<Case>) {
    for (algorithm, members) in [
        (Algorithm::Es256, &["d"][..]),
        (Algorithm::EdDsa, &["d"]),
        (Algorithm::Ps256, &["d"]),
    ] {
        for member in members {
            let value = json!(b64([1; 32]));
            set(
                "E04",
                &format!("{algorithm} {member}"),
                algorithm,
                cases,
                member,
                value,
            );
        }
    }
    set("E04", "d null", Algorithm::Es256, cases, "d", json!(null));
    for member in ["p", "q", "dp", "dq", "qi"] {
        set(
            "E05",
            member,
            Algorithm::Ps256,
            cases,
            member,
            json!(b64([1; 128])),
        );
    }
    set("E05", "oth", Algorithm::Ps256, cases, "oth", json!([]));
}

fn p256(cases: &mut Vec<Case>) {
    let es256 = Algorithm::Es256;
    for name in ["x", "y"] {
        bad("E11", &format!("no {name}"), es256, cases, move |jwk| {
            without(jwk, name)
        });
        for value in [json!(""), json!(1), json!(null), json!([])] {
            set("E11", &format!("{name} {value}"), es256, cases, name, value);
        }
    }
    cases.push(by_leading_zero(
        "a coordinate with a leading zero",
        Accepted,
        |x| x,
    ));
    cases.push(by_leading_zero(
        "the leading zero left out",
        InvalidProof,
        |x| b64(&unb64(&x)[1..]),
    ));
    bad("E12", "31 octets, token for it", es256, cases, |mut jwk| {
        let key = leading_zero().key().public_jwk();
        jwk["x"] = b64(&unb64(key["x"].as_str().unwrap())[1..]).into();
        jwk["y"] = key["y"].clone();
        jwk
    });
    set_text("E12", "33 octets", es256, cases, "x", |x| {
        b64([&[0][..], &unb64(x)].concat())
    });
    bad("E15", "(0, 0)", es256, cases, |jwk| {
        point(jwk, Some(0), Some(0))
    });
    bad("E15", "x = 0", es256, cases, |jwk| {
        point(jwk, Some(0), None)
    });
    bad("E15", "y = 0", es256, cases, |jwk| {
        point(jwk, None, Some(0))
    });
    set_text("E15", "y + 1", es256, cases, "y", |y| {
        b64(fixed(&(BigUint::from_bytes_be(&unb64(y)) + 1_u8), 32))
    });
    set_text("E15", "x + p", es256, cases, "x", |_| {
        // 5 is the x of a point; with p added it still fits in 256 bits.
        let p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        b64(fixed(&(p + 5_u8), 32))
    });
    bad("E16", "x and y swapped", es256, cases, |mut jwk| {
        let x = jwk["x"].clone();
        jwk["x"] = jwk["y"].clone();
        jwk["y"] = x;
        jwk
    });
    set_text(
        "E18",
        "an uncompressed point in x",
        es256,
        cases,
        "x",
        |x| b64([&[4][..], &unb64(x), &unb64(x)].concat()),
    );
    set_text("E18", "a compressed point in x", es256, cases, "x", |x| {
        b64([&[2][..], &unb64(x)].concat())
    });
    bad("E18", "one zero octet each", es256, cases, |mut jwk| {
        jwk["x"] = "AA".into();
        jwk["y"] = "AA".into();
        jwk
    });
    for crv in ["secp256k1", "P-256K", "BP-256", "p-256", "P-521", ""] {
        set("E38", crv, es256, cases, "crv", json!(crv));
    }
    bad("E38", "no crv", es256, cases, |jwk| without(jwk, "crv"));
    for member in ["x", "y", "kty", "crv"] {
        cases.push(Case::proof(
            "E39",
            format!("{member} twice"),
            InvalidProof,
            move |p, scene| {
                let other = crate::scene::CAST.stranger.key().public_jwk();
                let jwk = scene.client().key().public_jwk().to_string();
                let twice = format!("{{\"{member}\":{},{}", other[member], &jwk[1..]);
                let header = format!("{{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{twice}}}");
                p.raw_header(header)
            },
        ));
    }
    for text in ["\"", "\\", "é", "\u{0}"] {
        set_text("E40", &format!("{text:?}"), es256, cases, "x", move |x| {
            format!("{}{text}{}", &x[..5], &x[6..])
        });
    }
    set_text("E40", "padding", es256, cases, "x", |x| format!("{x}="));
    set_text("E40", "spare bits", es256, cases, "x", |x| {
        let last = if x.ends_with('A') { "B" } else { "_" };
        format!("{}{last}", &x[..42])
    });
}

fn rsa(cases: &mut Vec<Case>) {
    let ps256 = Algorithm::Ps256;
    for bits in [512, 1024, 2047] {
        set(
            "E21",
            &format!("{bits} bits"),
            ps256,
            cases,
            "n",
            json!(modulus(bits)),
        );
    }
    cases.push(
        Case::request("E22", "4096 bits", Accepted, |scene| {
            static CLIENT: LazyLock<TestClient> =
                LazyLock::new(|| TestClient::with_key(TestKey::from_jwk(RSA_4096)));
            by(&CLIENT, scene)
        })
        .signed_with(ps256),
    );
    for bits in [4097, 8192, 16384, 1_000_000] {
        set(
            "E22",
            &format!("{bits} bits"),
            ps256,
            cases,
            "n",
            json!(modulus(bits)),
        );
    }
    for (id, e) in [
        ("E23", &[1][..]),
        ("E24", &[0]),
        ("E24", &[]),
        ("E24", &[2]),
        ("E24", &[1, 0, 0]),
        ("E24", &[1, 0, 2]),
        ("E24", &[3]),
        ("E24", &[0xff, 0xff]),
        ("E24", &[0, 1, 0, 1]),
        ("E26", &[1, 0, 0, 0, 1]),
        ("E26", &[1, 0, 0, 0, 0, 0, 1, 0, 1]),
        ("E27", &[0xff; 256]),
        ("E27", &[0xff; 512]),
    ] {
        let about = format!("e of {} octets, the last {:?}", e.len(), e.last());
        set(id, &about, ps256, cases, "e", json!(b64(e)));
    }
    set_text("E29", "a leading zero octet", ps256, cases, "n", |n| {
        b64([&[0][..], &unb64(n)].concat())
    });
    set_text("E29", "an even modulus", ps256, cases, "n", |n| {
        let mut n = unb64(n);
        n[255] &= 0xfe;
        b64(n)
    });
    for name in ["n", "e"] {
        bad("E29", &format!("no {name}"), ps256, cases, move |jwk| {
            without(jwk, name)
        });
        set(
            "E29",
            &format!("{name} a number"),
            ps256,
            cases,
            name,
            json!(65537),
        );
    }
}

fn ed25519(cases: &mut Vec<Case>) {
    let eddsa = Algorithm::EdDsa;
    for length in [0, 31, 33, 64] {
        set(
            "E32",
            &format!("{length} octets"),
            eddsa,
            cases,
            "x",
            json!(b64(vec![7; length])),
        );
    }
    for (name, x) in ED25519_POINTS {
        let mut octets = fixed(&hex(x), 32);
        octets.reverse();
        set("E34", name, eddsa, cases, "x", json!(b64(octets)));
    }
    for crv in ["X25519", "Ed448", "ed25519"] {
        set("E37", crv, eddsa, cases, "crv", json!(crv));
    }
}

/// Encodings, as big-endian numbers, that are no public keys: y not below p, x = −0, small order (RFC 8032 §5.1.3).
const ED25519_POINTS: [(&str, &str); 8] = [
    (
        "y = p",
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
    ),
    (
        "y = p + 1",
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee",
    ),
    (
        "y = p + 1, x = −0",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee",
    ),
    (
        "y = 1, x = −0",
        "8000000000000000000000000000000000000000000000000000000000000001",
    ),
    ("y = 1, order 1", "01"),
    ("y = 0, order 4", "00"),
    (
        "y = −1, order 2",
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
    ),
    (
        "order 8",
        "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
    ),
];

/// A key changed by `change` stands in the proof: refused, with the ordinary token and with one that is bound to it.
fn bad(
    id: &'static str,
    about: &str,
    algorithm: Algorithm,
    cases: &mut Vec<Case>,
    change: impl Fn(Value) -> Value + Clone + Send + Sync + 'static,
) {
    let again = change.clone();
    let ordinary = Case::proof(id, about, InvalidProof, move |p, scene| {
        p.jwk(change(scene.client().key().public_jwk()))
    });
    cases.push(ordinary.signed_with(algorithm));
    let sample = crate::scene::CAST.client(algorithm).key().public_jwk();
    if thumbprint(&again(sample)).is_none() {
        return;
    }
    let about = format!("{about}, token for it");
    let bound = Case::request(id, about, InvalidProof, move |scene| {
        let jwk = again(scene.client().key().public_jwk());
        let cnf = json!({ "jkt": thumbprint(&jwk) });
        let token = scene.token().confirmation(cnf).build();
        let proof = scene.proof(&token).jwk(jwk).build();
        scene.request(&token, &proof)
    });
    cases.push(bound.signed_with(algorithm));
}

fn set(
    id: &'static str,
    about: &str,
    algorithm: Algorithm,
    cases: &mut Vec<Case>,
    name: &'static str,
    value: Value,
) {
    let about = format!("{name}: {about}");
    bad(id, &about, algorithm, cases, move |mut jwk| {
        jwk[name] = value.clone();
        jwk
    });
}

fn set_text(
    id: &'static str,
    about: &str,
    algorithm: Algorithm,
    cases: &mut Vec<Case>,
    name: &'static str,
    change: impl Fn(&str) -> String + Clone + Send + Sync + 'static,
) {
    let about = format!("{name}: {about}");
    bad(id, &about, algorithm, cases, move |mut jwk| {
        jwk[name] = change(jwk[name].as_str().expect("text")).into();
        jwk
    });
}

fn without(mut jwk: Value, name: &str) -> Value {
    if let Some(members) = jwk.as_object_mut() {
        members.remove(name);
    }
    jwk
}

fn point(mut jwk: Value, x: Option<u8>, y: Option<u8>) -> Value {
    for (name, value) in [("x", x), ("y", y)] {
        if let Some(value) = value {
            jwk[name] = b64(fixed(&value.into(), 32)).into();
        }
    }
    jwk
}

/// An odd number of exactly so many bits, in base64url.
fn modulus(bits: u64) -> String {
    b64(((BigUint::from(1_u8) << (bits - 1)) + 1_u8).to_bytes_be())
}

/// A client whose x begins with a zero octet; one key in 256 does.
fn leading_zero() -> &'static TestClient {
    static CLIENT: LazyLock<TestClient> = LazyLock::new(|| {
        let mut clients = std::iter::repeat_with(TestClient::new);
        let is_short =
            |client: &TestClient| unb64(client.key().public_jwk()["x"].as_str().unwrap())[0] == 0;
        clients.find(is_short).expect("no end of keys")
    });
    &CLIENT
}

fn by_leading_zero(about: &str, expect: crate::case::Expect, change: fn(String) -> String) -> Case {
    Case::request("E12", about, expect, move |scene| {
        let client = leading_zero();
        let mut jwk = client.key().public_jwk();
        jwk["x"] = change(jwk["x"].as_str().unwrap().to_owned()).into();
        let token = scene
            .issuer()
            .token(client.thumbprint(), scene.now())
            .build();
        let proof = scene.proof_by(client, "GET", "/accounts", &token).jwk(jwk);
        scene.request(&token, &proof.build())
    })
}

fn by(client: &TestClient, scene: &crate::scene::Scene<'_>) -> crate::wire::WireRequest {
    let token = scene
        .issuer()
        .token(client.thumbprint(), scene.now())
        .build();
    let proof = scene.proof_by(client, "GET", "/accounts", &token).build();
    scene.request(&token, &proof)
}
