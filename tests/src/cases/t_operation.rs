//! Group T: what an attacker gets for nothing.

use serde_json::json;
use tower_fapi::testing::signature::corrupt;

use crate::case::Case;
use crate::case::Expect::{Challenge, InvalidProof, InvalidRequest, InvalidToken};
use crate::scene::{CANARY, CAST};
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        // The token first: nobody without one has signatures verified, or takes room in the store.
        Case::request(
            "T04",
            "a good proof for a bad token",
            InvalidToken,
            |scene| {
                let token = scene.token().signature(corrupt).build();
                scene.get("/accounts", &token)
            },
        ),
        Case::request("T04", "neither signature is right", InvalidToken, |scene| {
            let token = scene.token().signature(corrupt).build();
            let proof = scene.proof(&token).signature(corrupt);
            scene.request(&token, &proof.build())
        }),
        Case::request(
            "T04",
            "another key's token, and a bad signature",
            InvalidToken,
            |scene| {
                let token = scene
                    .token()
                    .confirmation(json!({ "jkt": CAST.stranger.thumbprint().to_string() }));
                let token = token.build();
                let proof = scene.proof(&token).signature(corrupt);
                scene.request(&token, &proof.build())
            },
        ),
        Case::request("T10", "no credentials", Challenge, |_| {
            WireRequest::new("GET", "/accounts")
        }),
        Case::request("T10", "a path of nobody, no credentials", Challenge, |_| {
            WireRequest::new("GET", format!("/{CANARY}"))
        }),
    ];
    let odd = format!("\r\n\u{1b}[31m\"{CANARY}\u{2028}%s${{jndi:x}}");
    for name in ["kid", "typ", "alg"] {
        let text = odd.clone();
        cases.push(Case::token(
            "T07",
            format!("{name} of the token"),
            InvalidToken,
            move |t, _| t.header(name, text.as_str()),
        ));
        if name != "kid" {
            let text = odd.clone();
            cases.push(Case::proof(
                "T07",
                format!("{name} of the proof"),
                InvalidProof,
                move |p, _| p.header(name, text.as_str()),
            ));
        }
    }
    for name in ["iss", "aud"] {
        let text = odd.clone();
        cases.push(Case::token(
            "T07",
            format!("{name} of the token"),
            InvalidToken,
            move |t, _| t.claim(name, text.as_str()),
        ));
    }
    for name in ["htm", "htu", "ath"] {
        let text = odd.clone();
        cases.push(Case::proof(
            "T07",
            format!("{name} of the proof"),
            InvalidProof,
            move |p, _| p.claim(name, text.as_str()),
        ));
    }
    let text = odd.clone();
    cases.push(Case::request(
        "T07",
        "jti of a proof with a bad signature",
        InvalidProof,
        move |scene| {
            let token = scene.token().build();
            let proof = scene.proof(&token).jti(text.as_str()).signature(corrupt);
            scene.request(&token, &proof.build())
        },
    ));
    cases.push(Case::request(
        "T07",
        "the token is text of the attacker",
        InvalidToken,
        |scene| scene.get("/accounts", &format!("{CANARY}.{CANARY}.{CANARY}")),
    ));
    cases.push(Case::request(
        "T07",
        "the scheme is text of the attacker",
        Challenge,
        |scene| scene.good().with("Authorization", format!("{CANARY} x")),
    ));
    cases.push(Case::request(
        "T07",
        "the token in the query",
        InvalidRequest,
        |scene| {
            let token = scene.token().build();
            let proof = scene.proof(&token).build();
            let target = format!("/accounts?access_token={CANARY}");
            scene.request_to("GET", &target, &token, &proof)
        },
    ));
    cases
}
