//! Group L: what the token is bound to.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::case::Case;
use crate::case::Expect::{self, Accepted, InvalidToken};
use crate::forge::{b64, begin_with};
use crate::profile::Profile;
use crate::scene::{CAST, Scene};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::token("L01", "missing", InvalidToken, |t, _| {
            t.without_claim("cnf")
        }),
        jkt("L06", "another key's", |_| {
            CAST.stranger.thumbprint().to_string()
        }),
        jkt("L09", "with optional members", |scene| {
            let mut jwk = scene.client().key().public_jwk();
            jwk["alg"] = "ES256".into();
            b64(Sha256::digest(jwk.to_string()))
        }),
        jkt("L09", "members in another order", |scene| {
            let jwk = scene.client().key().public_jwk();
            let text = format!(
                r#"{{"kty":"EC","crv":"P-256","x":{},"y":{}}}"#,
                jwk["x"], jwk["y"]
            );
            b64(Sha256::digest(text))
        }),
        jkt("L09", "with white space", |scene| {
            let jwk = scene.client().key().public_jwk();
            b64(Sha256::digest(jwk.to_string().replace(':', ": ")))
        }),
        jkt("L16", "a prefix", |scene| good(scene)[..20].to_owned()),
        jkt("L16", "one character less", |scene| {
            good(scene)[..42].to_owned()
        }),
        jkt("L16", "one character more", |scene| good(scene) + "A"),
        jkt("L16", "padding", |scene| good(scene) + "="),
        jkt("L16", "other case", |scene| {
            let swap = |c: char| {
                if c.is_ascii_lowercase() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            };
            good(scene).chars().map(swap).collect()
        }),
        jkt("L16", "spare bits", |scene| {
            let last = if good(scene).ends_with('A') { 'B' } else { '_' };
            format!("{}{last}", &good(scene)[..42])
        }),
        both(
            "both, and no certificate",
            InvalidToken,
            |jkt, x5t| json!({ "jkt": jkt, "x5t#S256": x5t }),
        ),
        both(
            "only a certificate",
            InvalidToken,
            |_, x5t| json!({ "x5t#S256": x5t }),
        ),
        both(
            "a broken certificate hash beside the key",
            InvalidToken,
            |jkt, _| json!({ "jkt": jkt, "x5t#S256": "x" }),
        ),
        both(
            "an unknown member beside the key",
            Accepted,
            |jkt, _| json!({ "jkt": jkt, "kid": "x", "jwk": {} }),
        ),
        both(
            "only an unknown member",
            InvalidToken,
            |_, _| json!({ "kid": "x" }),
        ),
        Case::token("L12", "cnf twice", InvalidToken, |t, _| {
            let json = begin_with(&t.claims_json(), r#""cnf":{"jkt":"x"},"#);
            t.raw_claims(json)
        }),
        Case::token("L12", "jkt twice", InvalidToken, |t, _| {
            let twice = r#""cnf":{"jkt":"x","#;
            let json = t.claims_json().replace(r#""cnf":{"#, twice);
            t.raw_claims(json)
        }),
        Case::token("L18", "a refresh token's type", InvalidToken, |t, _| {
            t.header("typ", "rt+jwt")
        }),
    ];
    // Where certificates count: both members ask for both proofs.
    for profile in [Profile::Tls, Profile::TlsAndProof] {
        for (about, shown, expect) in [
            ("both, and both proven", Some(&CAST.certificate), Accepted),
            (
                "both, and another certificate",
                Some(&CAST.renewed_certificate),
                InvalidToken,
            ),
            ("both, and no certificate", None, InvalidToken),
        ] {
            cases.push(
                Case::request(
                    "L10",
                    format!("{profile:?}: {about}"),
                    expect,
                    move |scene| {
                        let token = both_of_ours(scene);
                        let connection = scene.bearer(&token, shown).connection;
                        scene.get("/accounts", &token).over(connection)
                    },
                )
                .under(profile),
            );
        }
        cases.push(
            Case::request(
                "L10",
                format!("{profile:?}: both, as Bearer"),
                InvalidToken,
                move |scene| scene.bearer(&both_of_ours(scene), Some(&CAST.certificate)),
            )
            .under(profile),
        );
        cases.push(
            Case::request(
                "L10",
                format!("{profile:?}: both, and another key"),
                InvalidToken,
                move |scene| {
                    let token = both_of_ours(scene);
                    let proof = scene.proof_by(&CAST.stranger, "GET", "/accounts", &token);
                    let connection = scene.bearer(&token, Some(&CAST.certificate)).connection;
                    scene.request(&token, &proof.build()).over(connection)
                },
            )
            .under(profile),
        );
    }
    for path in ["/userinfo", "/", "/healthz"] {
        cases.push(Case::request("L17", path, InvalidToken, move |scene| {
            let token = scene.token().build();
            let proof = scene.proof_by(&CAST.stranger, "GET", path, &token);
            scene.request_to("GET", path, &token, &proof.build())
        }));
    }
    for cnf in [
        json!(null),
        json!("jkt"),
        json!(1),
        json!(true),
        json!([]),
        json!(["jkt"]),
        json!([{ "jkt": "x" }]),
        json!({}),
    ] {
        cases.push(Case::token(
            "L02",
            cnf.to_string(),
            InvalidToken,
            move |t, _| t.confirmation(cnf.clone()),
        ));
    }
    for jkt in [json!(1), json!(""), json!({}), json!(null), json!(["x"])] {
        cases.push(Case::token(
            "L05",
            jkt.to_string(),
            InvalidToken,
            move |t, _| t.confirmation(json!({ "jkt": jkt.clone() })),
        ));
    }
    cases
}

fn both_of_ours(scene: &Scene<'_>) -> String {
    let mut cnf = CAST.certificate.confirmation();
    cnf["jkt"] = good(scene).into();
    scene.token().confirmation(cnf).build()
}

fn good(scene: &Scene<'_>) -> String {
    scene.client().thumbprint().to_string()
}

fn jkt(id: &'static str, about: &str, value: fn(&Scene<'_>) -> String) -> Case {
    Case::token(id, about, InvalidToken, move |t, scene| {
        t.confirmation(json!({ "jkt": value(scene) }))
    })
}

fn both(about: &str, expect: Expect, cnf: fn(String, String) -> Value) -> Case {
    Case::token("L10", about, expect, move |t, scene| {
        t.confirmation(cnf(good(scene), b64([7; 32])))
    })
}
