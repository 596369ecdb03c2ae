//! Group I: `jti` and replay.

use serde_json::json;
use tower_fapi::testing::{TestClient, TestIssuer};

use crate::case::Expect::{
    Accepted, InvalidProof, InvalidToken, Replayed, StoreUnavailable, TooMany, UseNonce,
};
use crate::case::{Act, Case};
use crate::forge::{b64, part, unb64};
use crate::profile::Profile;
use crate::scene::{CAST, ISSUER, Scene};
use crate::wire::WireRequest;

use super::f_signatures::with_half;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::proof("I01", "missing", InvalidProof, |p, _| {
            p.without_claim("jti")
        }),
        Case::proof("I02", "one byte", Accepted, |p, _| p.jti("~")),
        Case::proof("I03", "257 bytes", Accepted, |p, scene| {
            p.jti(format!("{:x<257}", scene.jti))
        }),
        Case::acts("I03", "257 bytes, twice", Replayed, |scene| {
            let token = scene.token().build();
            let proof = scene.proof(&token).jti(format!("{:x<257}", scene.jti));
            twice(scene.request(&token, &proof.build()))
        }),
        Case::proof("I03", "64 KiB", InvalidProof, |p, _| {
            p.jti("x".repeat(65_536))
        }),
        Case::acts("I04", "the same request twice", Replayed, |scene| {
            twice(scene.good())
        }),
        Case::acts(
            "I04",
            "another token of the same client",
            Replayed,
            |scene| {
                let (first, second) = (scene.token().build(), scene.token().build());
                vec![
                    Act::Send(scene.request(&first, &scene.proof(&first).build())),
                    Act::Send(scene.request(&second, &scene.proof(&second).build())),
                ]
            },
        ),
        Case::acts("I04", "another path", Replayed, |scene| {
            let token = scene.token().build();
            let proof = scene.proof_for("GET", "/other", &token).build();
            vec![
                Act::Send(scene.good()),
                Act::Send(scene.request_to("GET", "/other", &token, &proof)),
            ]
        }),
        Case::acts("I09", "the same jti from another key", Accepted, |scene| {
            vec![
                Act::Send(scene.good()),
                Act::Send(by(scene, &CAST.stranger, "client-2", "0")),
            ]
        }),
        Case::acts(
            "I10",
            "jtis that differ by a separator",
            Accepted,
            |scene| {
                let token = scene.token().build();
                let with = |jti: String| {
                    let proof = scene.proof(&token).jti(jti);
                    Act::Send(scene.request(&token, &proof.build()))
                };
                ["", "\n", "\0", ".", "\n\n"]
                    .map(|separator| with(format!("{}{separator}x", scene.jti)))
                    .into()
            },
        ),
        Case::acts("I12", "the signature's other half", Replayed, |scene| {
            let good = scene.good();
            let proof = proof_of(&good);
            let flipped = part(&proof, 2, |signature| {
                let signature = unb64(signature);
                let low = with_half(&signature, false) == signature;
                b64(with_half(&signature, low))
            });
            vec![
                Act::Send(good.clone()),
                Act::Send(good.with("DPoP", flipped)),
            ]
        }),
        Case::acts("I12", "padding", InvalidProof, |scene| {
            let good = scene.good();
            let padded = format!("{}=", proof_of(&good));
            vec![
                Act::Send(good.clone()),
                Act::Send(good.with("DPoP", padded)),
            ]
        }),
        Case::acts("I12", "signed again by the same key", Replayed, |scene| {
            let token = scene.token().build();
            let again = || scene.request(&token, &scene.proof(&token).build());
            vec![Act::Send(again()), Act::Send(again())]
        }),
        Case::request(
            "I14",
            "a stranger's token and proof",
            InvalidToken,
            |scene| {
                let forger = TestIssuer::with_key(ISSUER, CAST.stranger.key().clone());
                let token = forger
                    .token(CAST.stranger.thumbprint(), scene.now())
                    .build();
                let proof = scene.proof_by(&CAST.stranger, "GET", "/accounts", &token);
                scene.request(&token, &proof.build())
            },
        ),
        Case::request("I16", "the store is full", StoreUnavailable, |scene| {
            scene.good()
        })
        .under(Profile::StoreFull),
        Case::request("I21", "the store is down", StoreUnavailable, |scene| {
            scene.good()
        })
        .under(Profile::StoreDown),
    ];
    for jti in [json!(""), json!(1), json!(null), json!(["x"]), json!({})] {
        cases.push(Case::proof(
            "I01",
            jti.to_string(),
            InvalidProof,
            move |p, _| p.jti(jti.clone()),
        ));
    }
    edges(&mut cases);
    restart(&mut cases);
    quotas(&mut cases);
    cases
}

/// As long as the proof could be accepted, the store knows it.
fn edges(cases: &mut Vec<Case>) {
    for (iat, later, expect) in [
        (0, 59, Replayed),
        (0, 60, Replayed),
        (0, 61, InvalidProof),
        (10, 60, Replayed),
        (10, 70, Replayed),
        (10, 71, InvalidProof),
        (-60, 0, Replayed),
        (-60, 1, InvalidProof),
    ] {
        let about = format!("iat {iat:+}, again {later} s later");
        cases.push(Case::acts("I18", about, expect, move |scene| {
            let token = scene.token().build();
            let proof = scene.proof(&token).issued_at(scene.now().plus(iat));
            let request = scene.request(&token, &proof.build());
            vec![
                Act::Send(request.clone()),
                Act::Advance(later),
                Act::Send(request),
            ]
        }));
    }
    for iat in [
        i64::MIN,
        -9_007_199_254_740_992,
        -1,
        0,
        9_007_199_254_740_992,
        i64::MAX,
    ] {
        cases.push(Case::proof(
            "I19",
            format!("iat {iat}"),
            InvalidProof,
            move |p, _| p.claim("iat", iat),
        ));
    }
}

fn restart(cases: &mut Vec<Case>) {
    let early = Case::proof(
        "I20",
        "a proof from before the restart",
        UseNonce,
        |p, scene| p.issued_at(scene.remembers_since().plus(-5)),
    );
    let retried = Case::acts("I20", "its second try, with the nonce", Accepted, |scene| {
        let token = scene.token().build();
        let iat = scene.remembers_since().plus(-5);
        let early = |scene: &Scene<'_>| scene.proof(&token).issued_at(iat);
        let challenged = scene.request(&token, &early(scene).build());
        let answer = scene.send(&challenged);
        let nonce = answer.nonces().concat();
        let proof = early(scene).nonce(nonce).build();
        vec![Act::Send(scene.request(&token, &proof))]
    });
    let after = Case::proof("I20", "a proof from after it", Accepted, |p, _| p);
    cases.extend([early, retried, after].map(|case| case.under(Profile::Restarted)));
}

fn quotas(cases: &mut Vec<Case>) {
    // Two live proofs a key, ten a client.
    let per_key = Case::acts("I31", "a key's third proof", TooMany, |scene| {
        let client = TestClient::new();
        ["0", "1", "2"]
            .map(|n| Act::Send(by(scene, &client, "greedy-key", n)))
            .into()
    });
    let many_keys = |scene: &Scene<'_>| -> Vec<Act> {
        (0..10)
            .map(|n| Act::Send(by(scene, &TestClient::new(), &scene.jti, &n.to_string())))
            .collect()
    };
    let per_client = Case::acts("I31", "a client's eleventh key", TooMany, move |scene| {
        let mut acts = many_keys(scene);
        acts.push(Act::Send(by(scene, &TestClient::new(), &scene.jti, "10")));
        acts
    });
    let others = Case::acts("I31", "another client beside it", Accepted, move |scene| {
        let mut acts = many_keys(scene);
        acts.push(Act::Send(by(
            scene,
            &TestClient::new(),
            "somebody-else",
            "10",
        )));
        acts
    });
    cases.extend([per_key, per_client, others].map(|case| case.under(Profile::SmallQuota)));
}

/// A good request of this client, its `jti` with this ending ("0": none).
fn by(scene: &Scene<'_>, client: &TestClient, client_id: &str, ending: &str) -> WireRequest {
    let token = scene
        .issuer()
        .token(client.thumbprint(), scene.now())
        .client_id(client_id)
        .build();
    let ending = if ending == "0" { "" } else { ending };
    let proof = scene
        .proof_by(client, "GET", "/accounts", &token)
        .jti(format!("{}{ending}", scene.jti));
    scene.request(&token, &proof.build())
}

fn twice(request: WireRequest) -> Vec<Act> {
    vec![Act::Send(request.clone()), Act::Send(request)]
}

fn proof_of(request: &WireRequest) -> String {
    let proof = request.lines("DPoP").next().expect("a proof");
    String::from_utf8(proof.to_vec()).expect("ASCII")
}
