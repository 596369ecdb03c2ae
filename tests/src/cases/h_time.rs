//! Group H: `iat` and the other times of a proof.

use serde_json::json;

use crate::case::Expect::{Accepted, InvalidProof, InvalidToken, UseNonce};
use crate::case::{Act, Case, Expect};
use crate::profile::Profile;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::proof("H01", "no iat", InvalidProof, |p, _| p.without_claim("iat")),
        Case::proof("H05", "milliseconds", InvalidProof, |p, scene| {
            p.claim("iat", scene.now().as_secs() * 1000)
        }),
        Case::proof("H17", "for tomorrow", InvalidProof, |p, scene| {
            p.issued_at(scene.now().plus(86_400))
        }),
        Case::acts(
            "H17",
            "for tomorrow, tomorrow, with today's nonce",
            UseNonce,
            |scene| {
                let token = scene.token().expires_at(scene.now().plus(100_000)).build();
                let proof = scene.proof(&token).issued_at(scene.now().plus(86_400));
                vec![
                    Act::Advance(86_400),
                    Act::Send(scene.request(&token, &proof.build())),
                ]
            },
        )
        .under(Profile::Nonces),
    ];
    for iat in [
        json!("1700000000"),
        json!(null),
        json!(true),
        json!([1_700_000_000]),
        json!({ "n": 1_700_000_000 }),
    ] {
        cases.push(Case::proof(
            "H02",
            iat.to_string(),
            InvalidProof,
            move |p, _| p.claim("iat", iat.clone()),
        ));
    }
    for fraction in [0.25, 0.999] {
        cases.push(Case::proof(
            "H04",
            fraction.to_string(),
            Accepted,
            move |p, scene| {
                let seconds = i32::try_from(scene.now().as_secs()).expect("before 2038");
                p.claim("iat", f64::from(seconds) + fraction)
            },
        ));
    }
    for (id, seconds, expect) in [
        ("H07", 8, Accepted),
        ("H07", -10, Accepted),
        ("H07", 10, Accepted),
        ("H07", -60, Accepted),
        ("H08", 11, InvalidProof),
        ("H08", 61, InvalidProof),
        ("H08", -61, InvalidProof),
        ("H08", -3_600, InvalidProof),
    ] {
        let about = format!("iat {seconds:+}");
        cases.push(Case::proof(id, about, expect, move |p, scene| {
            p.issued_at(scene.now().plus(seconds))
        }));
    }
    for name in ["exp", "nbf"] {
        for value in [
            json!("1800000000"),
            json!(null),
            json!(false),
            json!([]),
            json!({}),
        ] {
            let about = format!("{name} {value}");
            cases.push(Case::proof("H13", about, InvalidProof, move |p, _| {
                p.claim(name, value.clone())
            }));
        }
    }
    // Not in the catalogue: what a client puts there, it means.
    for (name, seconds, expect) in [
        ("exp", 1, Accepted),
        ("exp", 0, InvalidProof),
        ("exp", -1, InvalidProof),
        ("nbf", 10, Accepted),
        ("nbf", 11, InvalidProof),
    ] {
        cases.push(Case::proof(
            "H13",
            format!("{name} {seconds:+}"),
            expect,
            move |p, scene| p.claim(name, scene.now().plus(seconds).as_secs()),
        ));
    }
    for (seconds, expect) in [(1, Accepted), (0, InvalidToken), (-1, InvalidToken)] {
        cases.push(token_ends(seconds, expect));
    }
    cases
}

fn token_ends(seconds: i64, expect: Expect) -> Case {
    Case::token(
        "H18",
        format!("exp {seconds:+}"),
        expect,
        move |t, scene| t.expires_at(scene.now().plus(seconds)),
    )
}
