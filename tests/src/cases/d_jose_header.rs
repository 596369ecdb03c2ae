//! Group D: the members of the JOSE header.

use serde_json::{Value, json};
use tower_fapi::testing::signature::empty;

use crate::case::Case;
use crate::case::Expect::{Accepted, InvalidProof, InvalidToken};
use crate::forge::b64;
use crate::profile::Profile;
use crate::scene::{ALGORITHMS, CAST};
use tower_fapi::testing::Algorithm;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::proof("D01", "no typ", InvalidProof, |p, _| {
            p.without_header("typ")
        }),
        Case::proof("D04", "application/dpop+jwt", Accepted, |p, _| {
            p.typ("application/dpop+jwt")
        }),
        Case::proof("D06", "no alg", InvalidProof, |p, _| {
            p.without_header("alg")
        }),
        Case::proof("D06", "alg renamed", InvalidProof, |p, _| {
            p.without_header("alg").header("alg2", "ES256")
        }),
        Case::proof("D09", "HS256 with a symmetric key", InvalidProof, |p, _| {
            p.alg("HS256")
                .jwk(json!({ "kty": "oct", "k": b64([1; 32]) }))
        }),
        Case::proof("D15", "ES256 with an RSA key", InvalidProof, |p, _| {
            p.jwk(public(Algorithm::Ps256))
        }),
        Case::proof("D15", "PS256 with an EC key", InvalidProof, |p, _| {
            p.alg("PS256")
        }),
        Case::proof("D15", "EdDSA with an EC key", InvalidProof, |p, _| {
            p.alg("EdDSA")
        }),
        Case::proof("D15", "ES256 with an OKP key", InvalidProof, |p, _| {
            p.jwk(public(Algorithm::EdDsa))
        }),
        Case::proof("D16", "ES256 on P-384", InvalidProof, |p, _| {
            p.jwk(json!({
                "kty": "EC", "crv": "P-384", "x": b64([1; 48]), "y": b64([2; 48]),
            }))
        }),
        Case::proof(
            "D16",
            "P-256 coordinates called P-384",
            InvalidProof,
            |p, scene| {
                let mut jwk = scene.client().key().public_jwk();
                jwk["crv"] = "P-384".into();
                p.jwk(jwk)
            },
        ),
        Case::proof("D16", "ES384 on P-256", InvalidProof, |p, _| p.alg("ES384")),
        Case::proof("D18", "Ed25519", Accepted, |p, _| p.alg("Ed25519"))
            .signed_with(Algorithm::EdDsa),
        Case::token("D18", "Ed25519, token", Accepted, |t, _| {
            t.header("alg", "Ed25519")
        })
        .signed_with(Algorithm::EdDsa),
        Case::request(
            "D18",
            "Ed25519 where only ES256 is configured",
            InvalidProof,
            |scene| {
                let client = CAST.client(Algorithm::EdDsa);
                let token = scene
                    .issuer()
                    .token(client.thumbprint(), scene.now())
                    .build();
                let proof = scene.proof_by(client, "GET", "/accounts", &token);
                scene.request(&token, &proof.alg("Ed25519").build())
            },
        )
        .under(Profile::Es256Only),
    ];
    for algorithm in ALGORITHMS {
        let about = format!("a good request with {algorithm}");
        let good = Case::proof("D18", about, Accepted, |p, _| p);
        cases.push(good.signed_with(algorithm));
    }
    for typ in [
        "JWT",
        "jwt",
        "at+jwt",
        "dpop+jwt+wrongyousee",
        "dpop+JWT+x",
        "",
        "dpop",
        "dpop+jwt ",
    ] {
        cases.push(Case::proof("D02", typ, InvalidProof, move |p, _| {
            p.typ(typ)
        }));
    }
    for typ in [
        "application/x-dpop+jwt",
        "dpop+jwt;x=1",
        "text/dpop+jwt",
        "application/",
    ] {
        cases.push(Case::proof("D04", typ, InvalidProof, move |p, _| {
            p.typ(typ)
        }));
    }
    for typ in [
        json!(5),
        json!(null),
        json!([]),
        json!({}),
        json!(["dpop+jwt"]),
    ] {
        cases.push(Case::proof(
            "D05",
            typ.to_string(),
            InvalidProof,
            move |p, _| p.typ(typ.clone()),
        ));
    }
    for alg in ["none", "None", "NONE", "nOnE"] {
        both("D07", alg, json!(alg), &mut cases);
        let about = format!("{alg} without signature");
        cases.push(Case::proof(
            "D07",
            format!("{about}, proof"),
            InvalidProof,
            move |p, _| p.alg(alg).signature(empty),
        ));
        cases.push(Case::token(
            "D07",
            format!("{about}, token"),
            InvalidToken,
            move |t, _| t.header("alg", alg).signature(empty),
        ));
    }
    for alg in [
        json!(null),
        json!(256),
        json!(["ES256"]),
        json!({}),
        json!(true),
    ] {
        both("D10", &alg.to_string(), alg.clone(), &mut cases);
    }
    for alg in ["es256", "Es256", "ES256 ", "eddsa", "ED25519"] {
        both("D11", alg, json!(alg), &mut cases);
    }
    for alg in ["RS256", "RS384", "RS512", "PS384", "PS512"] {
        cases.push(
            Case::proof("D12", format!("{alg}, proof"), InvalidProof, move |p, _| {
                p.alg(alg)
            })
            .signed_with(Algorithm::Ps256),
        );
        cases.push(
            Case::token("D12", format!("{alg}, token"), InvalidToken, move |t, _| {
                t.header("alg", alg)
            })
            .signed_with(Algorithm::Ps256),
        );
    }
    for (crv, length) in [("Ed448", 57), ("X25519", 32), ("X448", 56)] {
        cases.push(Case::proof("D17", crv, InvalidProof, move |p, _| {
            p.alg("EdDSA")
                .jwk(json!({ "kty": "OKP", "crv": crv, "x": b64(vec![9; length]) }))
        }));
    }
    extensions(&mut cases);
    key_hints(&mut cases);
    cases
}

fn extensions(cases: &mut Vec<Case>) {
    for (id, name, critical, member, value) in [
        ("D21", "exp", json!(["exp"]), "exp", json!(1_800_000_000)),
        ("D21", "empty list", json!([]), "exp", json!(1_800_000_000)),
        ("D21", "null", json!(null), "exp", json!(1_800_000_000)),
        (
            "D21",
            "a name that is not there",
            json!(["x"]),
            "exp",
            json!(1),
        ),
        ("D24", "b64", json!(["b64"]), "b64", json!(false)),
    ] {
        let (crit, val) = (critical.clone(), value.clone());
        cases.push(Case::proof(
            id,
            format!("crit {name}, proof"),
            InvalidProof,
            move |p, _| {
                p.header("crit", critical.clone())
                    .header(member, value.clone())
            },
        ));
        cases.push(Case::token(
            id,
            format!("crit {name}, token"),
            InvalidToken,
            move |t, _| t.header("crit", crit.clone()).header(member, val.clone()),
        ));
    }
    let jwe = [
        ("epk", json!({ "kty": "EC" })),
        ("enc", json!("A256GCM")),
        ("p2c", json!(1_000_000_000)),
    ];
    for (name, value) in jwe {
        let in_token = value.clone();
        cases.push(Case::proof(
            "D33",
            format!("{name}, proof"),
            Accepted,
            move |p, _| p.header(name, value.clone()),
        ));
        cases.push(Case::token(
            "D33",
            format!("{name}, token"),
            Accepted,
            move |t, _| t.header(name, in_token.clone()),
        ));
    }
    cases.push(Case::proof_text("D34", "alg in an unprotected header", InvalidProof, |proof| {
        let parts: Vec<&str> = proof.split('.').collect();
        let text = format!(
            r#"{{"payload":"{}","protected":"{}","header":{{"alg":"ES256"}},"signature":"{}"}}"#,
            parts[1], parts[0], parts[2]
        );
        text.into()
    }));
}

fn key_hints(cases: &mut Vec<Case>) {
    for name in ["jku", "x5u"] {
        cases.push(Case::proof("D26", name, InvalidProof, move |p, _| {
            p.header(name, "https://evil.example/jwks")
        }));
        cases.push(Case::token(
            "D26",
            format!("{name}, token of a stranger"),
            InvalidToken,
            {
                move |t, _| {
                    t.header(name, "https://evil.example/jwks")
                        .signed_by(CAST.stranger.key())
                }
            },
        ));
    }
    for name in ["x5c", "jwk"] {
        cases.push(Case::token(
            "D29",
            format!("{name}, token of a stranger"),
            InvalidToken,
            {
                move |t, _| {
                    let value = if name == "jwk" {
                        CAST.stranger.key().public_jwk()
                    } else {
                        json!(["MIIB"])
                    };
                    t.header(name, value).signed_by(CAST.stranger.key())
                }
            },
        ));
    }
    cases.push(Case::proof(
        "D29",
        "x5c, signed by a stranger",
        InvalidProof,
        |p, _| {
            p.header("x5c", json!(["MIIB"]))
                .signed_by(CAST.stranger.key())
        },
    ));
    let long = "k".repeat(8 * 1024);
    for kid in [
        "../../dev/null",
        "' OR 1=1 --",
        "*)(uid=*))(|(uid=*",
        "a\r\nX-Injected: 1",
        "\u{0}",
        "",
        long.as_str(),
    ] {
        let kid = kid.to_owned();
        let about: String = kid.chars().take(20).collect();
        cases.push(Case::token(
            "D30",
            format!("{about:?}"),
            InvalidToken,
            move |t, _| t.header("kid", kid.as_str()),
        ));
    }
    for kid in [json!(1), json!(null), json!({}), json!(["x"])] {
        cases.push(Case::token(
            "D31",
            kid.to_string(),
            InvalidToken,
            move |t, _| t.header("kid", kid.clone()),
        ));
    }
}

fn both(id: &'static str, about: &str, alg: Value, cases: &mut Vec<Case>) {
    let in_token = alg.clone();
    cases.push(Case::proof(
        id,
        format!("{about}, proof"),
        InvalidProof,
        move |p, _| p.alg(alg.clone()),
    ));
    cases.push(Case::token(
        id,
        format!("{about}, token"),
        InvalidToken,
        move |t, _| t.header("alg", in_token.clone()),
    ));
}

fn public(algorithm: Algorithm) -> Value {
    CAST.client(algorithm).key().public_jwk()
}
