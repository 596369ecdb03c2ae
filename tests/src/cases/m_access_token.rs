//! Group M: the JWT access token.

use serde_json::{Value, json};
use tower_fapi::testing::{Algorithm, TestIssuer};

use crate::case::Expect::{self, Accepted, InvalidProof, InvalidToken};
use crate::case::{Act, Case};
use crate::forge::b64;
use crate::profile::{Profile, RESOURCE, SECOND_RESOURCE};
use crate::scene::{CAST, ISSUER, OTHER_ISSUER, Scene};
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    claims(&mut cases);
    types(&mut cases);
    keys(&mut cases);
    cached(&mut cases);
    cases
}

fn claims(cases: &mut Vec<Case>) {
    for iss in [
        json!("https://other.example.com"),
        json!("https://as.example.com/"),
        json!("https://as.example.co"),
        json!("https://as.example.com.evil.example"),
        json!("https://AS.example.com"),
        json!("HTTPS://as.example.com"),
        json!("as.example.com"),
        json!("https://as.example.com:443"),
        json!(" https://as.example.com"),
        json!(""),
        json!(null),
        json!(1),
        json!([ISSUER]),
    ] {
        claim("M01", "iss", iss, InvalidToken, cases);
    }
    for (id, name) in [
        ("M01", "iss"),
        ("M03", "aud"),
        ("M09", "exp"),
        ("M14", "iat"),
        ("M15", "sub"),
        ("M15", "client_id"),
        ("M15", "jti"),
    ] {
        cases.push(Case::token(
            id,
            format!("no {name}"),
            InvalidToken,
            move |t, _| t.without_claim(name),
        ));
    }
    for name in ["sub", "client_id", "jti"] {
        for value in [json!(""), json!(null), json!(1)] {
            claim("M15", name, value, InvalidToken, cases);
        }
    }
    for aud in [
        "https://other.example.com",
        "https://api.example.com/",
        "https://api.example.com/accounts",
        "api.example.com",
        "https://API.example.com",
    ] {
        claim("M04", "aud", json!(aud), InvalidToken, cases);
    }
    claim(
        "M04",
        "aud",
        json!(["https://other.example.com"]),
        InvalidToken,
        cases,
    );
    claim(
        "M04",
        "aud",
        json!(["https://other.example.com", RESOURCE]),
        Accepted,
        cases,
    );
    for aud in [
        json!([]),
        json!([""]),
        json!([null]),
        json!([[RESOURCE]]),
        json!(1),
        json!({ "aud": RESOURCE }),
        json!(""),
        json!(null),
        json!([RESOURCE, 1]),
    ] {
        claim("M06", "aud", aud, InvalidToken, cases);
    }
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!("1800000000"),
            json!(true),
            json!(null),
            json!([]),
            json!({}),
        ] {
            claim("M09", name, value, InvalidToken, cases);
        }
    }
    claim("M09", "exp", json!(1_800_000_000.5), Accepted, cases);
    for (id, name, seconds, expect) in [
        ("M13", "iat", 11, InvalidToken),
        ("M13", "iat", 10, Accepted),
        ("M13", "iat", -100_000, Accepted),
        ("M13", "nbf", 11, InvalidToken),
        ("M13", "nbf", 10, Accepted),
    ] {
        let about = format!("{name} {seconds:+}");
        cases.push(Case::token(id, about, expect, move |t, scene| {
            t.claim(name, scene.now().plus(seconds).as_secs())
        }));
    }
}

fn types(cases: &mut Vec<Case>) {
    cases.push(Case::token("M16", "no typ", InvalidToken, |t, _| {
        t.without_header("typ")
    }));
    for (id, typ, expect) in [
        ("M16", json!("JWT"), InvalidToken),
        ("M16", json!(null), InvalidToken),
        ("M16", json!(1), InvalidToken),
        ("M16", json!(["at+jwt"]), InvalidToken),
        ("M17", json!("application/at+jwt"), Accepted),
        ("M17", json!("AT+JWT"), Accepted),
        ("M17", json!("Application/AT+jwt"), Accepted),
        ("M16", json!("at+jwt;x=1"), InvalidToken),
        ("M16", json!("x-at+jwt"), InvalidToken),
        ("M20", json!("logout+jwt"), InvalidToken),
        ("M20", json!("oauth-authz-req+jwt"), InvalidToken),
        ("M20", json!("token-introspection+jwt"), InvalidToken),
        ("M20", json!("secevent+jwt"), InvalidToken),
        ("M20", json!("client-authentication+jwt"), InvalidToken),
        ("M20", json!("dpop+jwt"), InvalidToken),
    ] {
        cases.push(Case::token(
            id,
            format!("typ {typ}"),
            expect,
            move |t, _| t.header("typ", typ.clone()),
        ));
    }
    cases.push(Case::token(
        "M18",
        "an ID token",
        InvalidToken,
        |t, scene| {
            t.header("typ", "JWT")
                .audience("client-1")
                .claim("nonce", "n")
                .claim("at_hash", b64([1; 16]))
                .claim("auth_time", scene.now().as_secs())
        },
    ));
    cases.push(Case::token(
        "M18",
        "an ID token that names us",
        InvalidToken,
        |t, _| t.header("typ", "JWT").claim("nonce", "n"),
    ));
    cases.push(Case::token(
        "M19",
        "a refresh token",
        InvalidToken,
        |t, _| {
            t.header("typ", "JWT")
                .audience(ISSUER)
                .without_claim("client_id")
        },
    ));
    cases.push(Case::request(
        "M20",
        "the proof as a token",
        InvalidToken,
        |scene| {
            let inner =
                scene
                    .client()
                    .proof("GET", "https://api.example.com/accounts", scene.now());
            let token = inner.build();
            scene.request(&token, &scene.proof(&token).build())
        },
    ));
    for token in [
        "a.b.c.d.e",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA",
        "opaque",
        "AAAA.AAAA.AAAA",
        "rt_good",
        "a..b",
        "...",
    ] {
        let id = if token.matches('.').count() == 4 {
            "M22"
        } else {
            "M38"
        };
        cases.push(Case::request(id, token, InvalidToken, move |scene| {
            scene.request(token, &scene.proof(token).build())
        }));
    }
    cases.push(Case::token_text(
        "M22",
        "a good token and two parts more",
        InvalidToken,
        |t| format!("{t}.AAAA.AAAA"),
    ));
    cases.push(Case::token(
        "M22",
        "PBES2 header, three parts",
        InvalidToken,
        |t, _| {
            t.header("alg", "PBES2-HS256+A128KW")
                .header("enc", "A256GCM")
                .header("p2c", 1_000_000_000)
        },
    ));
}

fn keys(cases: &mut Vec<Case>) {
    cases.push(Case::token(
        "M21",
        "signed by the client, kid of the issuer",
        InvalidToken,
        |t, scene| t.signed_by(scene.client().key()),
    ));
    cases.push(Case::token(
        "M21",
        "signed by the client, kid of the client",
        InvalidToken,
        {
            |t, scene| {
                let key = scene.client().key();
                t.signed_by(key).header("kid", key.kid())
            }
        },
    ));
    cases.push(Case::token(
        "M21",
        "signed by the client, no kid",
        InvalidToken,
        |t, scene| t.signed_by(scene.client().key()).without_header("kid"),
    ));
    for algorithm in [Algorithm::EdDsa, Algorithm::Ps256] {
        let about = format!("{algorithm} where only ES256 is configured");
        cases.push(
            Case::request("M23", about, InvalidToken, move |scene| {
                let issuer = CAST.issuer(algorithm);
                let token = issuer
                    .token(scene.client().thumbprint(), scene.now())
                    .build();
                scene.request(&token, &scene.proof(&token).build())
            })
            .under(Profile::Es256Only),
        );
    }
    cases.push(Case::token(
        "M23",
        "alg of another key than kid's",
        InvalidToken,
        |t, _| t.header("alg", "PS256"),
    ));
    for algorithm in crate::scene::ALGORITHMS {
        cases.push(
            Case::token("M24", format!("no kid, {algorithm}"), Accepted, |t, _| {
                t.without_header("kid")
            })
            .signed_with(algorithm),
        );
    }
    // The second issuer has two ES256 keys; the second of them goes under the kid of the first issuer's.
    let shared_kid = || CAST.issuer(Algorithm::Es256).key().kid().to_owned();
    for (id, about, expect, issuer, kid, key) in [
        (
            "M24",
            "no kid, two keys",
            Accepted,
            OTHER_ISSUER,
            None,
            CAST.other_issuer.key(),
        ),
        (
            "M24",
            "no kid, the other of two",
            Accepted,
            OTHER_ISSUER,
            None,
            CAST.stranger.key(),
        ),
        (
            "M27",
            "one kid at two issuers",
            Accepted,
            OTHER_ISSUER,
            Some(shared_kid()),
            CAST.other_issuer.key(),
        ),
        (
            "M27",
            "one kid at two issuers, the first",
            Accepted,
            ISSUER,
            Some(shared_kid()),
            CAST.issuer(Algorithm::Es256).key(),
        ),
        (
            "M26",
            "the first issuer's key for the second",
            InvalidToken,
            OTHER_ISSUER,
            Some(shared_kid()),
            CAST.issuer(Algorithm::Es256).key(),
        ),
        (
            "M26",
            "the second issuer's key for the first",
            InvalidToken,
            ISSUER,
            Some(shared_kid()),
            CAST.other_issuer.key(),
        ),
        (
            "M26",
            "the second issuer's key for the first, no kid",
            InvalidToken,
            ISSUER,
            None,
            CAST.other_issuer.key(),
        ),
    ] {
        let case = Case::request(id, about, expect, move |scene| {
            let issuer = TestIssuer::with_key(issuer, key.clone());
            let token = issuer.token(scene.client().thumbprint(), scene.now());
            let token = match &kid {
                Some(kid) => token.header("kid", kid.as_str()),
                None => token.without_header("kid"),
            };
            let token = token.build();
            scene.request(&token, &scene.proof(&token).build())
        });
        cases.push(case.under(Profile::TwoIssuers));
    }
}

fn cached(cases: &mut Vec<Case>) {
    for (name, lifetime, later, expect) in [
        ("a token at its end", 20, 20, InvalidToken),
        ("a token just before its end", 20, 19, Accepted),
        ("a token that left the cache", 40, 35, Accepted),
        (
            "a token that ended after it left the cache",
            40,
            40,
            InvalidToken,
        ),
    ] {
        cases.push(Case::acts("M31", name, expect, move |scene| {
            let token = scene.token().expires_at(scene.now().plus(lifetime)).build();
            vec![
                Act::Send(scene.request(&token, &scene.proof(&token).build())),
                Act::Advance(later),
                Act::Send(again(scene, &token, later)),
            ]
        }));
    }
    let elsewhere = |scene: &Scene<'_>, token: &str| {
        let proof = scene
            .proof(token)
            .htu(format!("{SECOND_RESOURCE}/accounts"))
            .jti(format!("{}-2", scene.jti));
        scene
            .request(token, &proof.build())
            .with("Host", "api2.example.com")
    };
    let audience = |aud: Value, expect: Expect| {
        let about = format!("remembered at one resource, shown at another, aud {aud}");
        Case::acts("M32", about, expect, move |scene| {
            let token = scene.token().audience(aud.clone()).build();
            vec![
                Act::Send(scene.request(&token, &scene.proof(&token).build())),
                Act::Send(elsewhere(scene, &token)),
            ]
        })
        .under(Profile::Origins)
    };
    cases.push(audience(json!(RESOURCE), InvalidToken));
    cases.push(audience(json!([RESOURCE, SECOND_RESOURCE]), Accepted));
    // A token that was good a moment ago helps no proof that is not.
    cases.push(Case::acts(
        "M30",
        "remembered, then shown with another key",
        InvalidToken,
        |scene| {
            let token = scene.token().build();
            let proof = scene.proof_by(&CAST.stranger, "GET", "/accounts", &token);
            vec![
                Act::Send(scene.request(&token, &scene.proof(&token).build())),
                Act::Send(scene.request(&token, &proof.build())),
            ]
        },
    ));
    cases.push(Case::acts(
        "M30",
        "remembered, then shown with a bad signature",
        InvalidProof,
        {
            |scene| {
                let token = scene.token().build();
                let proof = scene
                    .proof(&token)
                    .jti(format!("{}-2", scene.jti))
                    .signature(tower_fapi::testing::signature::corrupt);
                vec![
                    Act::Send(scene.request(&token, &scene.proof(&token).build())),
                    Act::Send(scene.request(&token, &proof.build())),
                ]
            }
        },
    ));
}

/// The request with this token, `later` seconds from now.
fn again(scene: &Scene<'_>, token: &str, later: i64) -> WireRequest {
    let proof = scene
        .proof(token)
        .jti(format!("{}-later", scene.jti))
        .issued_at(scene.now().plus(later));
    scene.request(token, &proof.build())
}

fn claim(
    id: &'static str,
    name: &'static str,
    value: Value,
    expect: Expect,
    cases: &mut Vec<Case>,
) {
    cases.push(Case::token(
        id,
        format!("{name} {value}"),
        expect,
        move |t, _| t.claim(name, value.clone()),
    ));
}
