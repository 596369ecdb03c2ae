//! Group O: introspection.

use serde_json::{Value, json};
use tower_fapi::testing::{TokenBuilder, signature};

use crate::case::Expect::{self, Accepted, IntrospectionUnavailable, InvalidProof, InvalidToken};
use crate::case::{Act, Case};
use crate::forge::begin_with;
use crate::introspection::{CLAIM, Reply, active, changed, envelope};
use crate::profile::{Profile, RESOURCE, RS_CLIENT_ID, SECOND_RESOURCE};
use crate::scene::{CANARY, CAST, OTHER_ISSUER, Scene, begin};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    claims(&mut cases);
    no_answers(&mut cases);
    signed(&mut cases);
    revoked(&mut cases);
    cases
}

/// What an endpoint says of a reference token.
fn claims(cases: &mut Vec<Case>) {
    let far = json!(begin().plus(1_000).as_secs());
    let stranger = json!({ "jkt": CAST.stranger.thumbprint().to_string() });
    for (id, changes, expect) in [
        ("O01", json!({ "active": "true" }), InvalidToken),
        ("O01", json!({ "active": "false" }), InvalidToken),
        ("O01", json!({ "active": 1 }), InvalidToken),
        ("O01", json!({ "active": 1.0 }), InvalidToken),
        ("O01", json!({ "active": [true] }), InvalidToken),
        ("O01", json!({ "active": { "active": true } }), InvalidToken),
        ("O01", json!({ "active": false }), InvalidToken),
        ("O01", json!({}), Accepted),
        ("O02", json!({ "exp": null }), InvalidToken),
        ("O02", json!({ "cnf": null }), InvalidToken),
        (
            "O02",
            json!({ "iss": null, "aud": null, "sub": null, "client_id": null }),
            Accepted,
        ),
        ("O03", json!({ "exp": 0 }), InvalidToken),
        ("O04", json!({ "cnf": stranger }), InvalidToken),
        ("O04", json!({ "iss": OTHER_ISSUER }), InvalidToken),
        ("O19", json!({ "aud": SECOND_RESOURCE }), InvalidToken),
        ("O19", json!({ "aud": [] }), InvalidToken),
        (
            "O19",
            json!({ "aud": [SECOND_RESOURCE, RESOURCE] }),
            Accepted,
        ),
        (
            "O19",
            json!({ "aud": "https://api.example.com.evil.example" }),
            InvalidToken,
        ),
        ("L01", json!({ "cnf": {} }), InvalidToken),
        (
            "L10",
            json!({ "cnf": CAST.certificate.confirmation() }),
            InvalidToken,
        ),
        ("M28", json!({ "active": false, "exp": far }), InvalidToken),
    ] {
        let reply = Reply::json(changed(Profile::Opaque, &changes));
        cases.push(asked(
            id,
            changes.to_string(),
            expect,
            Profile::Opaque,
            reply,
        ));
    }
    for (name, seconds, expect) in [
        ("exp", 0, InvalidToken),
        ("exp", 1, Accepted),
        ("nbf", 11, InvalidToken),
    ] {
        let about = format!("{name} {seconds:+}");
        let case = Case::request("O03", about, expect, move |scene| {
            let time = scene.now().plus(seconds).as_secs();
            let reply = Reply::json(changed(scene.profile, &json!({ name: time })));
            scene.get("/accounts", &reply.token())
        });
        cases.push(case.under(Profile::Opaque));
    }
    let all = json!({ "active": true });
    cases.push(asked(
        "O02",
        "nothing but active",
        InvalidToken,
        Profile::Opaque,
        Reply::json(all),
    ));
    let without = changed(Profile::Opaque, &json!({ "active": null }));
    cases.push(asked(
        "O01",
        "no active",
        InvalidToken,
        Profile::Opaque,
        Reply::json(&without),
    ));
    let null = begin_with(&without.to_string(), r#""active":null,"#);
    cases.push(asked(
        "O01",
        "active: null",
        InvalidToken,
        Profile::Opaque,
        Reply::json(null),
    ));
}

/// What is no answer: nothing is known of the token.
fn no_answers(cases: &mut Vec<Case>) {
    let good = active(Profile::Opaque).to_string();
    let json = |status| Reply::new(status, "application/json", good.as_str());
    let media = |name| Reply::new(200, name, good.as_str());
    let cut = &good[..good.len() - 1];
    for (id, about, reply) in [
        ("O07", "401", json(401)),
        ("O07", "403", json(403)),
        ("O08", "500", json(500)),
        ("O08", "502", json(502)),
        ("O08", "503", json(503)),
        ("O08", "429", json(429)),
        ("O08", "400", json(400)),
        ("O08", "404", json(404)),
        ("O08", "201", json(201)),
        ("O08", "302", json(302)),
        ("O08", "307", json(307)),
        ("O10", "text/html", media("text/html")),
        ("O10", "text/json", media("text/json")),
        ("O10", "application/jsonp", media("application/jsonp")),
        ("O10", "an access token's type", media("application/at+jwt")),
        (
            "O10",
            "signed where nobody asked, and no JWT",
            media("application/token-introspection+jwt"),
        ),
        (
            "O10",
            "a page",
            Reply::json(format!("<html>{CANARY}</html>")),
        ),
        ("O10", "empty", Reply::json("")),
        ("O10", "cut off", Reply::json(cut)),
        ("O10", "more behind it", Reply::json(format!("{good} x"))),
        ("O10", "an array", Reply::json(format!("[{good}]"))),
        ("O10", "true", Reply::json("true")),
        (
            "O10",
            "a byte order mark",
            Reply::json(format!("\u{feff}{good}")),
        ),
        (
            "O10",
            "active twice",
            Reply::json(begin_with(&good, r#""active":false,"#)),
        ),
        (
            "O10",
            "active twice, once escaped",
            Reply::json(begin_with(&good, r#""\u0061ctive":true,"#)),
        ),
        (
            "O10",
            "cnf twice",
            Reply::json(begin_with(&good, r#""cnf":{},"#)),
        ),
        (
            "O10",
            "exp a string",
            Reply::json(changed(Profile::Opaque, &json!({ "exp": "1800000000" }))),
        ),
        (
            "O10",
            "cnf a string",
            Reply::json(changed(Profile::Opaque, &json!({ "cnf": "jkt" }))),
        ),
    ] {
        cases.push(asked(
            id,
            about,
            IntrospectionUnavailable,
            Profile::Opaque,
            reply,
        ));
    }
    for media in [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
    ] {
        let reply = Reply::new(200, media, good.as_str());
        cases.push(asked("O10", media, Accepted, Profile::Opaque, reply));
    }
    let down = json(503).token();
    cases.push(
        Case::request(
            "O08",
            "a bad signature is not asked about",
            InvalidProof,
            move |scene| {
                let proof = scene.proof(&down).signature(signature::corrupt);
                scene.request(&down, &proof.build())
            },
        )
        .under(Profile::Opaque),
    );
    cases.push(
        Case::acts("O08", "down, and then not", Accepted, |scene| {
            let down = Reply::new(503, "text/plain", "").token();
            let request = scene.get("/accounts", &down);
            scene.send(&request);
            let good = Reply::json(active(Profile::Opaque)).token();
            vec![Act::Send(scene.get("/accounts", &good))]
        })
        .under(Profile::Opaque),
    );
}

/// Signed answers (RFC 9701).
fn signed(cases: &mut Vec<Case>) {
    let good = active(Profile::SignedIntrospection);
    let inactive = json!({ "active": false });
    let stranger = changed(
        Profile::SignedIntrospection,
        &json!({ "cnf": { "jkt": CAST.stranger.thumbprint().to_string() } }),
    );
    let unsigned = Reply::json(&good);
    cases.push(asked(
        "O06",
        "unsigned",
        IntrospectionUnavailable,
        Profile::SignedIntrospection,
        unsigned,
    ));
    let unsigned = Reply::signed(good.to_string());
    cases.push(asked(
        "O06",
        "JSON that is called a JWT",
        IntrospectionUnavailable,
        Profile::SignedIntrospection,
        unsigned,
    ));

    let mut signed = |about: &str, expect, change: Sign| {
        let good = good.clone();
        cases.push(
            Case::request("O05", about, expect, move |scene| {
                let jwt = change(scene, answer(scene, &good)).build();
                scene.get("/accounts", &Reply::signed(jwt).token())
            })
            .under(Profile::SignedIntrospection),
        );
    };
    signed("the good one", Accepted, |_, t| t);
    signed("typ with application/", Accepted, |_, t| {
        t.header("typ", "application/token-introspection+jwt")
    });
    signed("for our resource identifier", Accepted, |_, t| {
        t.audience(RESOURCE)
    });
    signed("for us and others", Accepted, |_, t| {
        t.audience(json!(["x", RS_CLIENT_ID]))
    });
    signed("without kid", Accepted, |_, t| t.without_header("kid"));
    signed("a minute old", Accepted, |scene, t| {
        t.issued_at(scene.now().plus(-60))
    });
    for (about, change) in [
        (
            "an access token's typ",
            (|_, t| t.header("typ", "at+jwt")) as Sign,
        ),
        ("typ JWT", |_, t| t.header("typ", "JWT")),
        ("no typ", |_, t| t.without_header("typ")),
        ("alg none", |_, t| {
            t.header("alg", "none").signature(signature::empty)
        }),
        ("alg none, signed", |_, t| t.header("alg", "none")),
        ("alg HS256", |_, t| t.header("alg", "HS256")),
        ("alg RS256", |_, t| t.header("alg", "RS256")),
        ("crit", |_, t| {
            t.header("crit", json!(["b64"])).header("b64", false)
        }),
        ("a kid of nobody", |_, t| t.header("kid", CANARY)),
        ("a stranger's signature", |_, t| {
            t.signed_by(CAST.stranger.key())
        }),
        ("the client's signature", |scene, t| {
            t.signed_by(scene.client().key())
        }),
        ("another issuer's signature", |_, t| {
            t.signed_by(CAST.other_issuer.key())
        }),
        ("a broken signature", |_, t| t.signature(signature::corrupt)),
        ("no signature", |_, t| t.signature(signature::empty)),
        ("aud of another resource server", |_, t| t.audience("rs-2")),
        ("no aud", |_, t| t.without_claim("aud")),
        ("aud empty", |_, t| t.audience(json!([]))),
        ("iss of another", |_, t| t.claim("iss", OTHER_ISSUER)),
        ("no iss", |_, t| t.without_claim("iss")),
        ("61 seconds old", |scene, t| {
            t.issued_at(scene.now().plus(-61))
        }),
        ("from the future", |scene, t| {
            t.issued_at(scene.now().plus(11))
        }),
        ("no iat", |_, t| t.without_claim("iat")),
        ("exp past", |scene, t| t.expires_at(scene.now())),
        ("no answer in it", |_, t| {
            t.without_claim("token_introspection")
        }),
        ("the answer in a string", |scene, t| {
            t.claim("token_introspection", active(scene.profile).to_string())
        }),
        ("the answer beside it", |scene, t| {
            t.raw_claims(active(scene.profile).to_string())
        }),
        ("two answers", |_, t| {
            let json = begin_with(
                &t.claims_json(),
                r#""token_introspection":{"active":true},"#,
            );
            t.raw_claims(json)
        }),
    ] {
        signed(about, IntrospectionUnavailable, change);
    }
    for (about, answer_in_it) in [("inactive", inactive), ("about another's token", stranger)] {
        cases.push(
            Case::request("O05", about, InvalidToken, move |scene| {
                let jwt = answer(scene, &answer_in_it).build();
                scene.get("/accounts", &Reply::signed(jwt).token())
            })
            .under(Profile::SignedIntrospection),
        );
    }
    cases.push(
        Case::request(
            "O05",
            "an access token as the answer",
            IntrospectionUnavailable,
            |scene| scene.get("/accounts", &Reply::signed(scene.token().build()).token()),
        )
        .under(Profile::SignedIntrospection),
    );
    cases.push(
        Case::request(
            "M20",
            "an answer as the access token",
            InvalidToken,
            |scene| {
                let jwt = answer(scene, &active(scene.profile)).build();
                scene.get("/accounts", &jwt)
            },
        )
        .under(Profile::SignedIntrospection),
    );
}

type Sign = fn(&Scene<'_>, TokenBuilder) -> TokenBuilder;

/// A good signed answer with this in it.
fn answer(scene: &Scene<'_>, said: &Value) -> TokenBuilder {
    let claims = envelope(said);
    let draft = scene.token().header("typ", "token-introspection+jwt");
    let draft = ["cnf", "sub", "client_id", "scope", "exp", "jti"]
        .into_iter()
        .fold(draft, TokenBuilder::without_claim);
    let members = claims.as_object().expect("an object").clone();
    members
        .into_iter()
        .fold(draft, |draft, (name, value)| draft.claim(name, value))
}

/// JWTs that the issuer may have revoked.
fn revoked(cases: &mut Vec<Case>) {
    let about = |changes| Reply::json(changed(Profile::Revocation, &changes));
    let stranger = json!({ "cnf": { "jkt": CAST.stranger.thumbprint().to_string() } });
    for (id, what, reply, expect) in [
        (
            "M28",
            "revoked",
            Reply::json(json!({ "active": false })),
            InvalidToken,
        ),
        ("M28", "active", about(json!({})), Accepted),
        (
            "M28",
            "active, and no more said",
            Reply::json(json!({ "active": true })),
            Accepted,
        ),
        (
            "O01",
            "active a string, of a JWT",
            about(json!({ "active": "true" })),
            InvalidToken,
        ),
        (
            "O03",
            "ended, of a JWT",
            about(json!({ "exp": begin().as_secs() })),
            InvalidToken,
        ),
        ("O04", "another's, of a JWT", about(stranger), InvalidToken),
        (
            "O04",
            "another client's, of a JWT",
            about(json!({ "client_id": "client-2" })),
            InvalidToken,
        ),
        (
            "O04",
            "another subject's, of a JWT",
            about(json!({ "sub": "mallory" })),
            InvalidToken,
        ),
        (
            "O19",
            "another resource's, of a JWT",
            about(json!({ "aud": SECOND_RESOURCE })),
            InvalidToken,
        ),
        (
            "O07",
            "401, of a JWT",
            Reply::new(401, "application/json", ""),
            IntrospectionUnavailable,
        ),
        (
            "O08",
            "503, of a JWT",
            Reply::new(503, "application/json", ""),
            IntrospectionUnavailable,
        ),
        (
            "O10",
            "a page, of a JWT",
            Reply::json("<html>"),
            IntrospectionUnavailable,
        ),
    ] {
        let claim = reply.claim();
        cases.push(
            Case::token(id, what, expect, move |t, _| t.claim(CLAIM, claim.clone()))
                .under(Profile::Revocation),
        );
    }
    let inactive = Reply::json(json!({ "active": false })).claim();
    let down = Reply::new(500, "text/plain", "").claim();
    for (what, claim) in [("revoked", inactive), ("down", down)] {
        cases.push(
            Case::request(
                "M28",
                format!("{what}: a bad signature of the token is not asked about"),
                InvalidToken,
                move |scene| {
                    let token = scene.token().claim(CLAIM, claim.clone());
                    scene.get("/accounts", &token.signature(signature::corrupt).build())
                },
            )
            .under(Profile::Revocation),
        );
    }
    cases.push(
        Case::acts(
            "M28",
            "a token that is remembered is asked about again",
            Accepted,
            |scene| {
                let token = scene.token().build();
                let first = scene.get("/accounts", &token);
                scene.jti.push_str("-again");
                vec![Act::Send(first), Act::Send(scene.get("/accounts", &token))]
            },
        )
        .under(Profile::Revocation),
    );
}

fn asked(
    id: &'static str,
    about: impl Into<String>,
    expect: Expect,
    profile: Profile,
    reply: Reply,
) -> Case {
    let token = reply.token();
    Case::request(id, about, expect, move |scene| {
        scene.get("/accounts", &token)
    })
    .under(profile)
}
