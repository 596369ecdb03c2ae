//! Group C: base64url and JSON, in the proof and in the token.

use serde_json::Value;

use crate::case::Case;
use crate::case::Expect::{self, Accepted, InvalidProof, InvalidRequest, InvalidToken};
use crate::forge::{b64, begin_with, part, with_text};

const PARTS: [&str; 3] = ["header", "payload", "signature"];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    base64url(&mut cases);
    whole_payloads(&mut cases);
    twice(&mut cases);
    deep_and_long(&mut cases);
    numbers(&mut cases);
    encodings(&mut cases);
    harmless(&mut cases);
    cases
}

fn base64url(cases: &mut Vec<Case>) {
    for (place, name) in PARTS.into_iter().enumerate() {
        let mut add = |id, what: &str, in_token: Expect, change: fn(&str) -> String| {
            let about = format!("{what}, {name}");
            cases.push(Case::proof_text(
                id,
                format!("{about}, proof"),
                InvalidProof,
                move |proof| part(proof, place, change).into(),
            ));
            cases.push(Case::token_text(id, format!("{about}, token"), in_token, {
                move |token| part(token, place, change)
            }));
        };
        // Inside a token68 an equals sign may only stand at the end: elsewhere the header is broken already.
        let padded = if place == 2 {
            InvalidToken
        } else {
            InvalidRequest
        };
        add("C01", "padding", padded, |text| format!("{text}="));
        add("C02", "plus", InvalidToken, |text| {
            format!("+{}", &text[1..])
        });
        add("C02", "slash", InvalidToken, |text| {
            format!("/{}", &text[1..])
        });
        add("C03", "space", InvalidRequest, |text| spliced(text, " "));
        add("C03", "tab", InvalidRequest, |text| spliced(text, "\t"));
        add("C04", "question mark", InvalidRequest, |text| {
            spliced(text, "?")
        });
        add("C04", "exclamation marks", InvalidRequest, |text| {
            spliced(text, "!!!!")
        });
        add("C04", "backslash", InvalidRequest, |text| {
            spliced(text, "\\")
        });
        add("C04", "spare bits", InvalidToken, spare_bits);
        for line_end in ["\r", "\n", "\r\n"] {
            let about = format!("{line_end:?}, {name}");
            let proof = Case::proof_text("C03", format!("{about}, proof"), InvalidProof, {
                move |proof| part(proof, place, |text| spliced(text, line_end)).into()
            });
            let token = Case::token_text("C03", format!("{about}, token"), InvalidRequest, {
                move |token| part(token, place, |text| spliced(text, line_end))
            });
            cases.push(proof.parser_answers(400));
            cases.push(token.parser_answers(400));
        }
    }
}

fn spliced(text: &str, inside: &str) -> String {
    let (start, end) = text.split_at(4);
    format!("{start}{inside}{end}")
}

/// The same bytes spelled with bits in the last character that mean nothing, or one character too many where all bits
/// of the last one count.
fn spare_bits(text: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len().is_multiple_of(4) {
        return format!("{text}A");
    }
    let (start, last) = text.split_at(text.len() - 1);
    let value = alphabet.find(last).expect("base64url");
    format!("{start}{}", &alphabet[value + 1..value + 2])
}

fn whole_payloads(cases: &mut Vec<Case>) {
    for payload in ["null", "true", "1", "\"x\"", "[]", "{", "", "{} {}"] {
        claims("C08", payload, cases, move |_| payload.as_bytes().to_vec());
    }
}

fn twice(cases: &mut Vec<Case>) {
    for member in [r#""alg":"ES256","#, r#""alg":"none","#, r#""typ":"x","#] {
        header("C11", member, cases, move |json| {
            begin_with(json, member).into()
        });
    }
    for member in [r#""jwk":{},"#, r#""jwk":null,"#] {
        cases.push(Case::proof(
            "C11",
            format!("{member} proof"),
            InvalidProof,
            move |p, _| {
                let json = begin_with(&p.header_json(), member);
                p.raw_header(json)
            },
        ));
    }
    for member in [r#""iat":1,"#, r#""jti":"x","#, r#""x":1,"x":1,"#] {
        claims("C12", member, cases, move |json| {
            begin_with(json, member).into()
        });
    }
    for member in [
        r#""htu":"https://api.example.com/accounts","#,
        r#""ath":"","#,
    ] {
        cases.push(Case::proof(
            "C12",
            format!("{member} proof"),
            InvalidProof,
            move |p, _| {
                let json = begin_with(&p.claims_json(), member);
                p.raw_claims(json)
            },
        ));
    }
    for member in [
        r#""aud":"https://api.example.com","#,
        r#""exp":1,"#,
        r#""sub":"bob","#,
    ] {
        cases.push(Case::token(
            "C12",
            format!("{member} token"),
            InvalidToken,
            move |t, _| {
                let json = begin_with(&t.claims_json(), member);
                t.raw_claims(json)
            },
        ));
    }
    let escaped = r#""\u0061lg":"ES256","#;
    header("C14", "alg and \\u0061lg", cases, move |json| {
        begin_with(json, escaped).into()
    });
    let escaped = r#""i\u0061t":1700000000,"#;
    claims("C14", "iat and i\\u0061t", cases, move |json| {
        begin_with(json, escaped).into()
    });
}

fn deep_and_long(cases: &mut Vec<Case>) {
    // A proof of 10⁵ brackets is beyond the cap; what is within it must be refused by depth.
    for depth in [33, 1_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let text = format!("\"deep\":{deep},");
            if deep.len() > 4_000 {
                continue;
            }
            let in_header = text.clone();
            claims("C15", &format!("{depth} {open}"), cases, move |json| {
                begin_with(json, &text).into()
            });
            header("C15", &format!("{depth} {open}"), cases, move |json| {
                begin_with(json, &in_header).into()
            });
        }
    }
    cases.push(Case::proof(
        "C15",
        "100,000 brackets, proof",
        InvalidProof,
        |p, _| p.raw_claims("[".repeat(100_000)),
    ));
    cases.push(Case::token(
        "C15",
        "100,000 brackets, token",
        InvalidRequest,
        |t, _| t.raw_claims("[".repeat(100_000)),
    ));
    cases.push(Case::token(
        "C15",
        "10,000 brackets, token",
        InvalidToken,
        |t, _| t.raw_claims(format!("{{\"a\":{}", "[".repeat(10_000))),
    ));
    cases.push(Case::proof(
        "C17",
        "100,000 digits, proof",
        InvalidProof,
        |p, _| {
            let json = with_text(&p.claims_json(), "iat", &"1".repeat(100_000));
            p.raw_claims(json)
        },
    ));
    for member in ["iat", "unknown"] {
        let text = if member == "iat" {
            "1".repeat(4_000)
        } else {
            format!("1e{}", "9".repeat(4_000))
        };
        claims(
            "C17",
            &format!("{member} of 4,000 digits"),
            cases,
            move |json| with_text(json, member, &text).into(),
        );
    }
    for members in [20_000, 100_000] {
        let about = format!("{members} unknown members");
        let case = Case::proof("C27", about, InvalidProof, move |p, _| {
            let many: String = (0..members).map(|n| format!("\"m{n}\":0,")).collect();
            let json = begin_with(&p.claims_json(), &many);
            p.raw_claims(json)
        });
        let parser = (members == 100_000).then_some(431);
        cases.push(Case { parser, ..case });
    }
}

fn numbers(cases: &mut Vec<Case>) {
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "0x10",
        "01",
        ".5",
        "1.",
        "+1",
        "1e",
        "-",
    ] {
        for member in ["iat", "unknown"] {
            claims("C18", &format!("{member}: {number}"), cases, move |json| {
                with_text(json, member, number).into()
            });
        }
    }
    type Form = fn(i32) -> String;
    let forms: [(&str, Form); 3] = [
        ("iat with .0", |iat| format!("{iat}.0")),
        ("iat with .9", |iat| format!("{iat}.9")),
        ("iat with an exponent", |iat| {
            format!("{:e}", f64::from(iat))
        }),
    ];
    for (about, form) in forms {
        both("C32", about, cases, Accepted, Accepted, move |json| {
            let claims: Value = serde_json::from_str(json).expect("claims");
            let iat = claims["iat"].as_i64().map(i32::try_from);
            let iat = iat.expect("a time").expect("before 2038");
            with_text(json, "iat", &form(iat)).into()
        });
    }
    for number in [
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1e300",
    ] {
        claims("C33", &format!("iat {number}"), cases, move |json| {
            with_text(json, "iat", number).into()
        });
        for member in ["exp", "nbf"] {
            claims("C33", &format!("{member} {number}"), cases, move |json| {
                with_text(json, member, number).into()
            });
        }
    }
}

fn encodings(cases: &mut Vec<Case>) {
    let utf16 = |json: &str| json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32 = |json: &str| {
        json.chars()
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect()
    };
    claims("C22", "UTF-16", cases, utf16);
    claims("C22", "UTF-32", cases, utf32);
    claims("C22", "byte order mark", cases, |json| {
        format!("\u{feff}{json}").into()
    });
    // The header says whether it is a JWT: in UTF-16 its first byte still is a brace, in UTF-32 too.
    header("C22", "UTF-16", cases, utf16);
    header("C22", "UTF-32", cases, utf32);
    for (name, bytes) in [
        ("overlong NUL", &b"\xc0\x80"[..]),
        ("lone 0xFF", b"\xff"),
        ("overlong slash", b"\xe0\x80\xaf"),
        ("surrogate in UTF-8", b"\xed\xa0\x80"),
    ] {
        let insert = move |json: &str| {
            let start = b"{\"x\":\"";
            [&start[..], bytes, b"\",", &json.as_bytes()[1..]].concat()
        };
        claims("C23", name, cases, insert);
        header("C23", name, cases, insert);
    }
    for text in [
        r#""x":"\uD800","#,
        r#""x":"\uD800\u0041","#,
        r#""\uDC00":1,"#,
    ] {
        claims("C24", text, cases, move |json| {
            begin_with(json, text).into()
        });
    }
    for (from, to) in [("htu", "HTU"), ("jti", "Jti"), ("iat", "IAT")] {
        cases.push(Case::proof("C26", to, InvalidProof, move |p, _| {
            let json = p
                .claims_json()
                .replace(&format!("\"{from}\""), &format!("\"{to}\""));
            p.raw_claims(json)
        }));
    }
    for (from, to) in [("alg", "Alg"), ("typ", "TYP"), ("jwk", "JWK")] {
        cases.push(Case::proof("C26", to, InvalidProof, move |p, _| {
            let json = p
                .header_json()
                .replace(&format!("\"{from}\""), &format!("\"{to}\""));
            p.raw_header(json)
        }));
    }
    for (from, to) in [("exp", "Exp"), ("aud", "AUD"), ("cnf", "Cnf")] {
        cases.push(Case::token(
            "C26",
            format!("{to}, token"),
            InvalidToken,
            move |t, _| {
                let json = t
                    .claims_json()
                    .replace(&format!("\"{from}\""), &format!("\"{to}\""));
                t.raw_claims(json)
            },
        ));
    }
}

fn harmless(cases: &mut Vec<Case>) {
    let long = format!("\"unknown\":\"{}\",", "x".repeat(4_000));
    both(
        "C28",
        "4,000 characters",
        cases,
        Accepted,
        Accepted,
        move |json| begin_with(json, &long).into(),
    );
    let unknown = r#""a":[{"b":[null,true,1.5e3,"\u00e9"]}],"sid":"x","#;
    both(
        "C29",
        "unknown claims",
        cases,
        Accepted,
        Accepted,
        move |json| begin_with(json, unknown).into(),
    );
    let spaced = |json: &str| -> Vec<u8> {
        json.replace("\":", "\" :\r\n\t ")
            .replace(",\"", " , \"")
            .into()
    };
    both(
        "C30",
        "white space in the claims",
        cases,
        Accepted,
        Accepted,
        spaced,
    );
    cases.push(Case::proof(
        "C29",
        "unknown header members, proof",
        Accepted,
        |p, _| {
            p.header("kid", "x")
                .header("x", serde_json::json!({ "y": [1] }))
        },
    ));
    cases.push(Case::token(
        "C29",
        "unknown header members, token",
        Accepted,
        |t, _| t.header("x", serde_json::json!({ "y": [1] })),
    ));
    cases.push(Case::proof(
        "C30",
        "white space in the header, proof",
        Accepted,
        move |p, _| {
            let json = p.header_json();
            p.raw_header(spaced(&json))
        },
    ));
    cases.push(Case::token(
        "C30",
        "white space in the header, token",
        Accepted,
        move |t, _| {
            let json = t.header_json();
            t.raw_header(spaced(&json))
        },
    ));
    // A payload that is encoded twice.
    cases.push(Case::proof(
        "C08",
        "base64url in base64url",
        InvalidProof,
        |p, _| {
            let json = p.claims_json();
            p.raw_claims(b64(json))
        },
    ));
}

/// The same change to the claims of the proof and to those of the token, refused in each.
fn claims(
    id: &'static str,
    about: &str,
    cases: &mut Vec<Case>,
    change: impl Fn(&str) -> Vec<u8> + Clone + Send + Sync + 'static,
) {
    both(id, about, cases, InvalidProof, InvalidToken, change);
}

fn both(
    id: &'static str,
    about: &str,
    cases: &mut Vec<Case>,
    in_proof: Expect,
    in_token: Expect,
    change: impl Fn(&str) -> Vec<u8> + Clone + Send + Sync + 'static,
) {
    let again = change.clone();
    cases.push(Case::proof(
        id,
        format!("{about}, proof"),
        in_proof,
        move |p, _| {
            let claims = change(&p.claims_json());
            p.raw_claims(claims)
        },
    ));
    cases.push(Case::token(
        id,
        format!("{about}, token"),
        in_token,
        move |t, _| {
            let claims = again(&t.claims_json());
            t.raw_claims(claims)
        },
    ));
}

/// The same change to the header of the proof and to that of the token, refused in each.
fn header(
    id: &'static str,
    about: &str,
    cases: &mut Vec<Case>,
    change: impl Fn(&str) -> Vec<u8> + Clone + Send + Sync + 'static,
) {
    let again = change.clone();
    let about = format!("{about}, header");
    cases.push(Case::proof(
        id,
        format!("{about}, proof"),
        InvalidProof,
        move |p, _| {
            let header = change(&p.header_json());
            p.raw_header(header)
        },
    ));
    cases.push(Case::token(
        id,
        format!("{about}, token"),
        InvalidToken,
        move |t, _| {
            let header = again(&t.header_json());
            t.raw_header(header)
        },
    ));
}
