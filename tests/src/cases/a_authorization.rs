//! Group A: the `Authorization` header, and how a token may travel.

use serde_json::json;

use crate::case::Expect::{Accepted, Challenge, InvalidRequest, InvalidToken};
use crate::case::{Case, Expect};
use crate::scene::Scene;
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        good("A01", "no Authorization, no DPoP", Challenge, |r, _| {
            r.without("Authorization").without("DPoP")
        }),
        good("A02", "a proof alone", Challenge, |r, _| {
            r.without("Authorization")
        }),
        authorization("A03", "Basic", Challenge, |_| b"Basic dXNlcjpwYXNz".into()),
        authorization("A04", "only the scheme", InvalidRequest, |_| b"DPoP".into()),
        authorization("A06", "empty", InvalidRequest, |_| Vec::new()),
        authorization("A08", "two spaces", Accepted, |t| {
            format!("DPoP  {t}").into()
        }),
        authorization("A10", "trailing space", Accepted, |t| {
            format!("DPoP {t} ").into()
        }),
        authorization("A10", "trailing tab", Accepted, |t| {
            format!("DPoP {t}\t").into()
        }),
        authorization("A10", "space inside", InvalidRequest, |t| {
            format!("DPoP {} {}", &t[..9], &t[9..]).into()
        }),
        authorization("A10", "tab inside", InvalidRequest, |t| {
            format!("DPoP {}\t{}", &t[..9], &t[9..]).into()
        }),
        authorization("A11", "two tokens in one line", InvalidRequest, |t| {
            format!("DPoP {t},DPoP {t}").into()
        }),
        authorization("A12", "token and parameter", InvalidRequest, |t| {
            format!("DPoP {t} foo=bar").into()
        }),
        authorization("A13", "token as a parameter", InvalidRequest, |t| {
            format!("DPoP token=\"{t}\"").into()
        }),
        good(
            "A16",
            "good line, then a forged one",
            InvalidRequest,
            |r, _| r.header("Authorization", "DPoP forged"),
        ),
        good(
            "A16",
            "forged line, then the good one",
            InvalidRequest,
            |mut r, _| {
                r.headers
                    .insert(1, ("Authorization".into(), b"DPoP forged".to_vec()));
                r
            },
        ),
        authorization("A18", "an equals sign inside", InvalidRequest, |t| {
            format!("DPoP {}={}", &t[..9], &t[9..]).into()
        }),
        authorization("A20", "64 KiB", InvalidRequest, |_| {
            format!("DPoP {}", "a".repeat(64 * 1024)).into()
        }),
        authorization("A20", "16 KiB and one byte", InvalidRequest, |_| {
            format!("DPoP {}", "a".repeat(16 * 1024 + 1)).into()
        }),
        Case::token("A20", "a good token of almost 16 KiB", Accepted, |t, _| {
            t.claim("filling", "x".repeat(11 * 1024))
        }),
        authorization("A20", "1 MiB", InvalidRequest, |_| {
            format!("DPoP {}", "a".repeat(1024 * 1024)).into()
        })
        .parser_answers(431),
        Case::request("A21", "in the query alone", Challenge, |scene| {
            let token = scene.token().build();
            let target = format!("/accounts?access_token={token}");
            let proof = scene.proof(&token).build();
            WireRequest::new("GET", target).header("DPoP", proof)
        }),
        Case::request(
            "A22",
            "in the query beside the header",
            InvalidRequest,
            |scene| {
                let token = scene.token().build();
                let target = format!("/accounts?access_token={token}");
                let proof = scene.proof(&token).build();
                scene.request_to("GET", &target, &token, &proof)
            },
        ),
        Case::request("A23", "in a form", Challenge, |scene| {
            let token = scene.token().build();
            let form = format!("access_token={token}");
            WireRequest::new("POST", "/accounts")
                .header("DPoP", scene.proof_for("POST", "/accounts", &token).build())
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Content-Length", form.len().to_string())
                .body(form)
        }),
        Case::request(
            "A23",
            "in a form, beside the header: the form arrives",
            Accepted,
            |scene| {
                let token = scene.token().build();
                let form = "access_token=another";
                let proof = scene.proof_for("POST", "/accounts", &token).build();
                scene
                    .request_to("POST", "/accounts", &token, &proof)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .header("Content-Length", form.len().to_string())
                    .body(form)
            },
        ),
        Case::token("A27", "no cnf", InvalidToken, |t, _| t.without_claim("cnf")),
        Case::request(
            "A30",
            "a value split over two lines",
            InvalidRequest,
            |scene| {
                let good = scene.good();
                let value = good.lines("Authorization").next().unwrap().to_vec();
                let (first, second) = value.split_at(40);
                good.clone()
                    .with("Authorization", first)
                    .header("Authorization", second)
            },
        ),
        Case::request("A31", "in the trailers", Challenge, |scene| {
            let token = scene.token().build();
            let proof = scene.proof_for("POST", "/accounts", &token).build();
            WireRequest::new("POST", "/accounts")
                .header("DPoP", proof)
                .header("Transfer-Encoding", "chunked")
                .header("Trailer", "Authorization")
                .body(format!(
                    "1\r\nx\r\n0\r\nAuthorization: DPoP {token}\r\n\r\n"
                ))
        }),
        Case::request("A32", "preflight", Challenge, |_| {
            WireRequest::new("OPTIONS", "/accounts")
                .header("Origin", "https://app.example")
                .header("Access-Control-Request-Method", "GET")
                .header("Access-Control-Request-Headers", "authorization,dpop")
        }),
    ];
    for (name, bytes, parser) in [
        ("quote", &b"\""[..], None),
        ("backslash", b"\\", None),
        ("parenthesis", b"(", None),
        ("é", "é".as_bytes(), None),
        ("0x80", b"\x80", None),
        ("0xFF", b"\xff", None),
        ("NUL", b"\0", Some(400)),
        ("CR", b"\r", Some(400)),
        ("LF", b"\n", Some(400)),
    ] {
        let case = authorization("A17", name, InvalidRequest, move |token| {
            let (start, end) = token.as_bytes().split_at(9);
            [b"DPoP ", start, bytes, end].concat()
        });
        cases.push(Case { parser, ..case });
    }
    for (name, value) in [
        ("Cookie", "access_token="),
        ("X-Access-Token", ""),
        ("Proxy-Authorization", "DPoP "),
    ] {
        cases.push(Case::request("A24", name, Challenge, move |scene| {
            let token = scene.token().build();
            let proof = scene.proof(&token).build();
            WireRequest::new("GET", "/accounts")
                .header(name, format!("{value}{token}"))
                .header("DPoP", proof)
        }));
    }
    for (id, proof) in [("A25", false), ("A26", true)] {
        for scheme in ["Bearer", "bearer"] {
            cases.push(good(id, scheme, InvalidToken, move |request, scene| {
                let token = scene
                    .token()
                    .confirmation(json!({ "jkt": scene.client().thumbprint().to_string() }));
                let request = request.with("Authorization", format!("{scheme} {}", token.build()));
                if proof {
                    request
                } else {
                    request.without("DPoP")
                }
            }));
        }
    }
    cases
}

/// The good request, changed.
fn good(
    id: &'static str,
    about: &str,
    expect: Expect,
    change: impl Fn(WireRequest, &Scene<'_>) -> WireRequest + Send + Sync + 'static,
) -> Case {
    Case::request(id, about, expect, move |scene| change(scene.good(), scene))
}

/// The good request with another `Authorization` value, made from its token.
fn authorization(
    id: &'static str,
    about: &str,
    expect: Expect,
    value: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> Case {
    Case::request(id, about, expect, move |scene| {
        let token = scene.token().build();
        let proof = scene.proof(&token).build();
        scene
            .request(&token, &proof)
            .with("Authorization", value(&token))
    })
}
