//! Group J: nonces.

use serde_json::json;
use tower_fapi::testing::signature::corrupt;

use crate::case::Expect::{self, Accepted, InvalidProof, Replayed, UseNonce};
use crate::case::{Act, Case};
use crate::forge::{b64, unb64};
use crate::profile::Profile;
use crate::scene::CAST;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::proof("J02", "missing", UseNonce, |p, _| p.without_claim("nonce")),
        Case::proof("J02", "the good one", Accepted, |p, _| p),
        Case::acts("J03", "121 seconds old", UseNonce, aged(121)),
        Case::acts("J03", "an hour old", UseNonce, aged(3_600)),
        Case::acts("J04", "100 seconds old", Accepted, aged(100)),
        Case::acts("J04", "120 seconds old", Accepted, aged(120)),
        Case::acts(
            "J04",
            "used again when 120 seconds old",
            Replayed,
            |scene| {
                let token = scene.token().build();
                let proof = scene.proof(&token).build();
                let request = scene.request(&token, &proof);
                vec![
                    Act::Send(request.clone()),
                    Act::Advance(120),
                    Act::Send(request),
                ]
            },
        ),
        Case::acts("J05", "10 seconds ahead", Accepted, ahead(10)),
        Case::acts("J05", "11 seconds ahead", UseNonce, ahead(11)),
        Case::proof("J10", "64 KiB", InvalidProof, |p, _| {
            p.nonce("n".repeat(65_536))
        }),
        Case::proof(
            "J15",
            "missing: one nonce in the answer",
            UseNonce,
            |p, _| p.without_claim("nonce"),
        ),
        Case::acts(
            "J15",
            "half its life over: one new nonce in the answer",
            Accepted,
            aged(60),
        ),
        Case::proof("J21", "missing, and a wrong signature", UseNonce, |p, _| {
            p.without_claim("nonce").signature(corrupt)
        }),
        Case::proof(
            "J21",
            "good, and a wrong signature",
            InvalidProof,
            |p, _| p.signature(corrupt),
        ),
        Case::acts("J22", "another key's nonce", UseNonce, |scene| {
            let nonce = scene.fetch_nonce(&CAST.stranger);
            let token = scene.token().build();
            let proof = scene.proof(&token).nonce(nonce).build();
            vec![Act::Send(scene.request(&token, &proof))]
        }),
    ];
    for nonce in [
        "x",
        "garbage garbage",
        "é",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "eyJhbGciOiJub25lIn0.e30.",
    ] {
        cases.push(Case::proof("J02", nonce, UseNonce, move |p, _| {
            p.nonce(nonce)
        }));
        cases.push(free(nonce, Accepted));
    }
    for nonce in [
        json!(1),
        json!({}),
        json!(""),
        json!(null),
        json!(["x"]),
        json!(true),
    ] {
        let value = nonce.clone();
        cases.push(Case::proof(
            "J08",
            nonce.to_string(),
            InvalidProof,
            move |p, _| p.nonce(value.clone()),
        ));
        cases.push(free(nonce, InvalidProof));
    }
    // The first 16 bytes are time and epoch, the others the MAC.
    for bit in [0, 63, 64, 127, 128, 200, 255] {
        cases.push(Case::proof(
            "J12",
            format!("bit {bit} flipped"),
            UseNonce,
            {
                move |p, scene| {
                    let mut octets = unb64(scene.nonce.as_deref().expect("a nonce"));
                    octets[bit / 8] ^= 0x80 >> (bit % 8);
                    p.nonce(b64(octets))
                }
            },
        ));
    }
    for change in ["A", "="] {
        cases.push(Case::proof(
            "J12",
            format!("{change} added"),
            UseNonce,
            move |p, scene| {
                let nonce = scene.nonce.clone().expect("a nonce");
                p.nonce(nonce + change)
            },
        ));
    }
    for case in &mut cases {
        if case.id != "J11" {
            case.profile = Profile::Nonces;
        }
    }
    cases
}

/// A nonce of a client whom nobody asked for one.
fn free(nonce: impl Into<serde_json::Value>, expect: Expect) -> Case {
    let nonce = nonce.into();
    Case::proof("J11", nonce.to_string(), expect, move |p, _| {
        p.nonce(nonce.clone())
    })
}

fn aged(seconds: i64) -> impl Fn(&mut crate::scene::Scene<'_>) -> Vec<Act> + Send + Sync {
    move |scene| {
        let token = scene.token().expires_at(scene.now().plus(10_000)).build();
        let iat = scene.now().plus(seconds);
        let proof = scene.proof(&token).issued_at(iat).build();
        vec![
            Act::Advance(seconds),
            Act::Send(scene.request(&token, &proof)),
        ]
    }
}

/// A nonce from an instance whose clock is so many seconds ahead.
fn ahead(seconds: i64) -> impl Fn(&mut crate::scene::Scene<'_>) -> Vec<Act> + Send + Sync {
    move |scene| {
        let client = scene.client().clone();
        scene.advance(seconds);
        let nonce = scene.fetch_nonce(&client);
        scene.advance(-seconds);
        let token = scene.token().build();
        let proof = scene.proof(&token).nonce(nonce).build();
        vec![Act::Send(scene.request(&token, &proof))]
    }
}
