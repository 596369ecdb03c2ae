//! Group N: the issuers' keys.

use tower_fapi::testing::{Algorithm, TestIssuer};

use crate::case::Case;
use crate::case::Expect::{self, Accepted, InvalidToken, KeysUnavailable};
use crate::keys::ODD_KEYS;
use crate::profile::Profile;
use crate::scene::{CAST, ISSUER, OTHER_ISSUER, SILENT_ISSUER};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        late("N05", "a key published since", Accepted, ISSUER, late_kid()),
        late("N01", "a kid of nobody", InvalidToken, ISSUER, "unknown"),
        late("N01", "a long kid", InvalidToken, ISSUER, "k".repeat(4_000)),
        late(
            "N01",
            "another one's kid",
            InvalidToken,
            ISSUER,
            CAST.stranger.key().kid(),
        ),
        late(
            "N09",
            "a new kid while nobody answers",
            KeysUnavailable,
            ISSUER,
            "down",
        ),
        Case::token(
            "N05",
            "its kid, another key's signature",
            InvalidToken,
            |t, _| t.header("kid", late_kid()).signed_by(CAST.stranger.key()),
        )
        .under(Profile::LateKeys),
        Case::token(
            "N05",
            "without kid only the keys at hand are tried",
            InvalidToken,
            |t, _| t.without_header("kid").signed_by(CAST.late_issuer.key()),
        )
        .under(Profile::LateKeys),
        Case::token("N09", "the keys at hand serve", Accepted, |t, _| t).under(Profile::LateKeys),
        late(
            "N09",
            "another issuer's first keys",
            Accepted,
            OTHER_ISSUER,
            late_kid(),
        ),
        late(
            "N09",
            "no keys, and nobody answers",
            KeysUnavailable,
            SILENT_ISSUER,
            late_kid(),
        ),
        Case::token(
            "N09",
            "no keys, nobody answers, and a token that has ended",
            InvalidToken,
            |t, scene| t.claim("iss", SILENT_ISSUER).expires_at(scene.now()),
        )
        .under(Profile::LateKeys),
        Case::token(
            "N09",
            "no keys, nobody answers, and an issuer of nobody",
            InvalidToken,
            |t, _| t.claim("iss", "https://evil.example"),
        )
        .under(Profile::LateKeys),
    ];
    for place in 0..ODD_KEYS.len() {
        let odd = &ODD_KEYS[place];
        cases.push(odd_key(odd.about, place, odd.expect));
        if odd.id == "N21" {
            let kid = odd.about;
            cases.push(
                Case::token(
                    odd.id,
                    format!("{kid}, and a stranger's signature"),
                    InvalidToken,
                    move |t, _| t.header("kid", kid).signed_by(CAST.stranger.key()),
                )
                .under(Profile::OddKeys),
            );
        }
    }
    for (kid, algorithm) in [("two", Algorithm::Es256), ("types", Algorithm::EdDsa)] {
        let stranger = TestIssuer::new(ISSUER).with_algorithm(algorithm);
        cases.push(
            Case::token(
                "N16",
                format!("a stranger's key called {kid}"),
                InvalidToken,
                move |t, _| {
                    t.header("kid", kid)
                        .header("alg", algorithm.name())
                        .signed_by(stranger.key())
                },
            )
            .under(Profile::OddKeys),
        );
    }
    cases
}

fn late_kid() -> &'static str {
    CAST.late_issuer.key().kid()
}

/// A token under this `kid`, signed with the key that the issuer has since published, or with the other issuer's.
fn late(
    id: &'static str,
    about: &'static str,
    expect: Expect,
    issuer: &'static str,
    kid: impl Into<String>,
) -> Case {
    let kid = kid.into();
    Case::token(id, about, expect, move |t, _| match issuer {
        OTHER_ISSUER => {
            let key = CAST.other_issuer.key();
            t.claim("iss", issuer)
                .header("kid", key.kid())
                .signed_by(key)
        }
        _ => t
            .claim("iss", issuer)
            .header("kid", kid.as_str())
            .signed_by(CAST.late_issuer.key()),
    })
    .under(Profile::LateKeys)
}

fn odd_key(about: &'static str, place: usize, expect: Expect) -> Case {
    Case::request(ODD_KEYS[place].id, about, expect, move |scene| {
        let token = ODD_KEYS[place].sign(scene.token());
        scene.request(&token, &scene.proof(&token).build())
    })
    .under(Profile::OddKeys)
}
