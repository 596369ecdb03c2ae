//! The requests, and what should become of them.

use tower_fapi::testing::{now, signature};

use crate::scene::{Attempt, Scene};
use crate::verdict::Verdict;

/// One request.
pub struct Case {
    /// What is sent, for the table.
    pub sent: &'static str,
    /// Makes it.
    pub attempt: fn(&Scene) -> Attempt,
    /// What should become of it.
    pub expected: Expected,
    /// Why, for the table.
    pub why: &'static str,
}

/// What should become of a request.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// The handler answers.
    Ok,
    /// 401 with this error code (RFC 6750 §3.1, RFC 9449 §7.1), or without one.
    Unauthorized(Option<&'static str>),
}

const PROOF: Expected = Expected::Unauthorized(Some("invalid_dpop_proof"));
const TOKEN: Expected = Expected::Unauthorized(Some("invalid_token"));

/// In this order, since the second sends the first one's proof again.
pub const CASES: &[Case] = &[
    Case {
        sent: "the honest request",
        attempt: |scene| Attempt::dpop(&scene.tokens.good).proof(&scene.first_proof),
        expected: Expected::Ok,
        why: "token, key and request fit",
    },
    Case {
        sent: "the same proof again",
        attempt: |scene| Attempt::dpop(&scene.tokens.good).proof(&scene.first_proof),
        expected: PROOF,
        why: "a proof counts once",
    },
    Case {
        sent: "no credentials",
        attempt: |_| Attempt::bare(),
        expected: Expected::Unauthorized(None),
        why: "nothing tried, so no error code",
    },
    Case {
        sent: "the token as Bearer",
        attempt: |scene| Attempt::bearer(&scene.tokens.good),
        expected: TOKEN,
        why: "a bound token must be proven",
    },
    Case {
        sent: "the token without proof",
        attempt: |scene| Attempt::dpop(&scene.tokens.good),
        expected: PROOF,
        why: "the DPoP scheme needs a proof",
    },
    Case {
        sent: "the token, stolen, another key",
        attempt: |scene| Attempt::dpop(&scene.tokens.good).proof(scene.proof(&scene.thief).build()),
        expected: TOKEN,
        why: "the token names the client's key",
    },
    Case {
        sent: "a proof for another method",
        attempt: |scene| {
            Attempt::dpop(&scene.tokens.good).proof(scene.proof(&scene.client).htm("POST").build())
        },
        expected: PROOF,
        why: "htm is POST, the request a GET",
    },
    Case {
        sent: "a proof for another URL",
        attempt: |scene| {
            let elsewhere = scene.url.replace("accounts", "payments");
            Attempt::dpop(&scene.tokens.good)
                .proof(scene.proof(&scene.client).htu(elsewhere).build())
        },
        expected: PROOF,
        why: "htu is not the request's URL",
    },
    Case {
        sent: "a proof from an hour ago",
        attempt: |scene| {
            let then = now().plus(-3600);
            Attempt::dpop(&scene.tokens.good)
                .proof(scene.proof(&scene.client).issued_at(then).build())
        },
        expected: PROOF,
        why: "iat is over 60 seconds old",
    },
    Case {
        sent: "a proof from the future",
        attempt: |scene| {
            let then = now().plus(3600);
            Attempt::dpop(&scene.tokens.good)
                .proof(scene.proof(&scene.client).issued_at(then).build())
        },
        expected: PROOF,
        why: "iat is over 10 seconds ahead",
    },
    Case {
        sent: "a proof for another token",
        attempt: |scene| Attempt::dpop(&scene.tokens.good).proof(scene.proof_for("another token")),
        expected: PROOF,
        why: "ath is another token's hash",
    },
    Case {
        sent: "a proof with alg \"none\"",
        attempt: |scene| {
            let unsigned = scene
                .proof(&scene.client)
                .alg("none")
                .signature(signature::empty);
            Attempt::dpop(&scene.tokens.good).proof(unsigned.build())
        },
        expected: PROOF,
        why: "only listed algorithms count",
    },
    Case {
        sent: "two DPoP headers, both good",
        attempt: |scene| {
            Attempt::dpop(&scene.tokens.good)
                .proof(scene.proof_for(&scene.tokens.good))
                .proof(scene.proof_for(&scene.tokens.good))
        },
        expected: PROOF,
        why: "which one would count?",
    },
    Case {
        sent: "an expired token",
        attempt: |scene| {
            Attempt::dpop(&scene.tokens.expired).proof(scene.proof_for(&scene.tokens.expired))
        },
        expected: TOKEN,
        why: "exp has passed",
    },
    Case {
        sent: "a token for another API",
        attempt: |scene| {
            Attempt::dpop(&scene.tokens.foreign).proof(scene.proof_for(&scene.tokens.foreign))
        },
        expected: TOKEN,
        why: "aud does not name this API",
    },
];

impl Expected {
    /// The verdict that this is.
    pub fn verdict(self) -> Verdict {
        let (status, error) = match self {
            Self::Ok => (200, None),
            Self::Unauthorized(error) => (401, error.map(str::to_owned)),
        };
        Verdict { status, error }
    }
}
