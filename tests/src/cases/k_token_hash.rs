//! Group K: `ath`, and tokens that only their issuer understands.

use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};

use crate::case::Expect::{Accepted, InvalidProof, InvalidToken};
use crate::case::{Act, Case};
use crate::forge::{b64, part, unb64};
use crate::introspection::{GOOD_TOKEN, RFC_9449_TOKEN};
use crate::profile::Profile;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::proof("K01", "missing", InvalidProof, |p, _| {
            p.without_claim("ath")
        }),
        with("K05", "spare bits", |token| {
            let ath = b64(Sha256::digest(token));
            let last = if ath.ends_with('A') { 'B' } else { '_' };
            format!("{}{last}", &ath[..42])
        }),
        with("K05", "padding", |token| {
            format!("{}=", b64(Sha256::digest(token)))
        }),
        with("K05", "standard alphabet, or upper case", |token| {
            let ath = b64(Sha256::digest(token));
            let standard = ath.replace('-', "+").replace('_', "/");
            if standard == ath {
                ath.to_uppercase()
            } else {
                standard
            }
        }),
        with("K05", "hexadecimal", |token| {
            let digest = Sha256::digest(token);
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        }),
        with("K06", "over the whole header value", |token| {
            b64(Sha256::digest(format!("DPoP {token}")))
        }),
        with("K06", "over the decoded payload", |token| {
            let payload = token.split('.').nth(1).expect("a payload");
            b64(Sha256::digest(unb64(payload)))
        }),
        with("K06", "SHA-512", |token| b64(Sha512::digest(token))),
        with("K06", "half of SHA-512", |token| {
            b64(&Sha512::digest(token)[..32])
        }),
        Case::request(
            "K07",
            "the token re-encoded, the proof for the original",
            InvalidProof,
            {
                |scene| {
                    let token = scene.token().build();
                    let proof = scene.proof(&token).build();
                    let other = part(&token, 2, |signature| {
                        let last = if signature.ends_with('A') { 'B' } else { '_' };
                        format!("{}{last}", &signature[..signature.len() - 1])
                    });
                    scene.request(&other, &proof)
                }
            },
        ),
        Case::acts(
            "K09",
            "a new token with the old proof",
            InvalidProof,
            |scene| {
                let old = scene.token().build();
                let new = scene.token().build();
                let proof = scene.proof(&old).build();
                vec![
                    Act::Send(scene.request(&old, &proof)),
                    Act::Send(scene.request(&new, &proof)),
                ]
            },
        ),
        opaque("K10", RFC_9449_TOKEN),
        opaque("K10", GOOD_TOKEN),
        Case::proof(
            "K10",
            "a JWT where opaque tokens serve too",
            Accepted,
            |p, _| p,
        )
        .under(Profile::Opaque),
        Case::token(
            "M38",
            "a bad JWT is not asked about",
            InvalidToken,
            |t, _| t.signature(tower_fapi::testing::signature::corrupt),
        )
        .under(Profile::Opaque),
    ];
    for ath in [json!(5), json!(null), json!(""), json!(true), json!({})] {
        cases.push(Case::proof(
            "K03",
            ath.to_string(),
            InvalidProof,
            move |p, _| p.ath(ath.clone()),
        ));
    }
    cases.push(Case::request("K08", "an array", InvalidProof, |scene| {
        let token = scene.token().build();
        let ath = json!([b64(Sha256::digest(&token))]);
        scene.request(&token, &scene.proof(&token).ath(ath).build())
    }));
    cases
}

fn with(id: &'static str, about: &str, ath: fn(&str) -> String) -> Case {
    Case::request(id, about, InvalidProof, move |scene| {
        let token = scene.token().build();
        let proof = scene.proof(&token).ath(ath(&token));
        scene.request(&token, &proof.build())
    })
}

fn opaque(id: &'static str, token: &'static str) -> Case {
    Case::request(id, token, Accepted, move |scene| {
        scene.request(token, &scene.proof(token).build())
    })
    .under(Profile::Opaque)
}
