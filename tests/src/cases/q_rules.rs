//! Group Q: what a route asks for beyond a good token.

use serde_json::{Value, json};
use tower_fapi::testing::TokenBuilder;

use crate::case::Case;
use crate::case::Expect::{self, Accepted, InsufficientScope, InvalidToken, Public, Reported};
use crate::case::StepUp;
use crate::forge::{begin_with, with_text};
use crate::introspection::{Reply, changed};
use crate::profile::{Profile, RESOURCE, SECOND_RESOURCE};
use crate::scene::{CANARY, CAST, Scene};
use crate::wire::WireRequest;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    scopes(&mut cases);
    authentication(&mut cases);
    details(&mut cases);
    routes(&mut cases);
    for case in &mut cases {
        case.profile = Profile::Rules;
    }
    cases
}

const PAYMENTS: Expect = InsufficientScope(Some("payments"));
const BATCHES: Expect = InsufficientScope(Some("payments batches"));

fn scopes(cases: &mut Vec<Case>) {
    for (id, path, scope, expect) in [
        ("Q01", "/payments", json!("accounts"), PAYMENTS),
        ("Q01", "/payments", json!(""), PAYMENTS),
        ("Q01", "/payments", json!(" "), PAYMENTS),
        ("Q01", "/payments", json!("accounts payments"), Accepted),
        ("Q01", "/payments", json!("payments  accounts "), Accepted),
        ("Q01", "/batches", json!("payments"), BATCHES),
        ("Q01", "/batches", json!("batches"), BATCHES),
        ("Q01", "/batches", json!("batches payments"), Accepted),
        ("Q02", "/payments", json!("payment"), PAYMENTS),
        ("Q02", "/payments", json!("paymentsx"), PAYMENTS),
        ("Q02", "/payments", json!("xpayments"), PAYMENTS),
        ("Q02", "/payments", json!("payments:read"), PAYMENTS),
        ("Q02", "/payments", json!("Payments"), PAYMENTS),
        ("Q02", "/payments", json!("*"), PAYMENTS),
        ("Q02", "/payments", json!("payments,accounts"), PAYMENTS),
        ("Q02", "/payments", json!("accounts\tpayments"), PAYMENTS),
        ("Q02", "/payments", json!("accounts\npayments"), PAYMENTS),
        (
            "Q02",
            "/payments",
            json!("accounts\u{a0}payments"),
            PAYMENTS,
        ),
        ("Q02", "/batches", json!("payments batchesx"), BATCHES),
        ("Q01", "/payments", json!(["payments"]), InvalidToken),
        (
            "Q01",
            "/payments",
            json!({ "payments": true }),
            InvalidToken,
        ),
        ("Q01", "/payments", json!(null), InvalidToken),
        (
            "Q15",
            "/payments",
            json!(format!("\", error=\"{CANARY}")),
            PAYMENTS,
        ),
        (
            "Q15",
            "/payments",
            json!(format!("a\r\nX-{CANARY}: b")),
            PAYMENTS,
        ),
        (
            "Q15",
            "/payments",
            json!(format!("é\u{0}{CANARY}")),
            PAYMENTS,
        ),
    ] {
        cases.push(claim(id, path, "scope", scope, expect));
    }
    cases.push(token("Q01", "no scope", "/payments", PAYMENTS, |t, _| {
        t.without_claim("scope")
    }));
    cases.push(token(
        "Q02",
        "scope twice",
        "/payments",
        InvalidToken,
        |t, _| {
            let json = begin_with(&t.claims_json(), r#""scope":"payments","#);
            t.raw_claims(json)
        },
    ));
    cases.push(token(
        "Q02",
        "scp is no scope",
        "/payments",
        PAYMENTS,
        |t, _| {
            t.claim("scp", json!(["payments"]))
                .claim("roles", json!(["payments"]))
        },
    ));
}

const ACR: &str = "urn:example:loa:3";
const STRONGER: Expect = Expect::StepUp(StepUp {
    acr_values: Some(ACR),
    max_age: None,
    scope: None,
});
const FRESHER: StepUp = StepUp {
    acr_values: Some("urn:example:loa:3 urn:example:loa:4"),
    max_age: Some("300"),
    scope: None,
};

fn authentication(cases: &mut Vec<Case>) {
    for (id, acr, expect) in [
        ("Q04", json!(ACR), Accepted),
        ("Q04", json!("urn:example:loa:2"), STRONGER),
        ("Q04", json!("urn:example:loa:4"), STRONGER),
        ("Q04", json!("urn:example:loa:33"), STRONGER),
        ("Q04", json!("urn:example:loa"), STRONGER),
        ("Q04", json!("URN:EXAMPLE:LOA:3"), STRONGER),
        (
            "Q04",
            json!("urn:example:loa:2 urn:example:loa:3"),
            STRONGER,
        ),
        ("Q04", json!(""), STRONGER),
        ("Q04", json!(3), STRONGER),
        ("Q04", json!([ACR]), STRONGER),
        ("Q04", json!(null), STRONGER),
        ("Q15", json!(format!("\"\r\n{CANARY}")), STRONGER),
    ] {
        cases.push(claim(id, "/limits", "acr", acr, expect));
    }
    cases.push(token("Q04", "no acr", "/limits", STRONGER, |t, _| t));
    cases.push(token(
        "Q04",
        "acr twice",
        "/limits",
        InvalidToken,
        |t, _| {
            let t = t.claim("acr", ACR);
            let json = begin_with(&t.claims_json(), r#""acr":"urn:example:loa:3","#);
            t.raw_claims(json)
        },
    ));
    for (about, time, expect) in [
        ("300 seconds ago", json!(-300), Accepted),
        ("301 seconds ago", json!(-301), Expect::StepUp(FRESHER)),
        ("10 seconds ahead", json!(10), Accepted),
        ("11 seconds ahead", json!(11), Expect::StepUp(FRESHER)),
        ("not said", json!(null), Expect::StepUp(FRESHER)),
    ] {
        cases.push(token(
            "Q04",
            about,
            "/transfers",
            expect,
            move |t, scene| {
                let t = t.scope("payments").claim("acr", "urn:example:loa:4");
                match time.as_i64() {
                    Some(seconds) => t.claim("auth_time", scene.now().plus(seconds).as_secs()),
                    None => t,
                }
            },
        ));
    }
    let both = Expect::StepUp(StepUp {
        scope: Some("payments"),
        ..FRESHER
    });
    cases.push(token("Q10", "neither", "/transfers", both, |t, _| t));
    cases.push(token(
        "Q10",
        "scope alone",
        "/transfers",
        Expect::StepUp(FRESHER),
        |t, _| t.scope("payments"),
    ));
    cases.push(token(
        "Q10",
        "authentication alone",
        "/transfers",
        PAYMENTS,
        |t, scene| {
            t.claim("acr", ACR)
                .claim("auth_time", scene.now().as_secs())
        },
    ));
    cases.push(token(
        "Q10",
        "a string as auth_time",
        "/transfers",
        both,
        |t, scene| {
            t.claim("acr", ACR)
                .claim("auth_time", scene.now().as_secs().to_string())
        },
    ));
}

const DETAILS: Expect = InsufficientScope(None);

fn details(cases: &mut Vec<Case>) {
    let payment = |change: Value| {
        let mut element = json!({ "type": "payment_initiation" });
        let members = element.as_object_mut().expect("an object");
        members.extend(change.as_object().expect("an object").clone());
        json!([element])
    };
    for (id, details, expect) in [
        ("Q11", payment(json!({})), Accepted),
        ("Q11", json!([]), DETAILS),
        ("Q11", json!([{ "type": "account_information" }]), DETAILS),
        ("Q11", json!([{ "type": "Payment_initiation" }]), DETAILS),
        ("Q11", json!([{ "type": "payment_initiation2" }]), DETAILS),
        ("Q11", json!([{ "type": ["payment_initiation"] }]), DETAILS),
        (
            "Q11",
            json!([{ "actions": ["payment_initiation"] }]),
            DETAILS,
        ),
        ("Q11", json!({ "type": "payment_initiation" }), DETAILS),
        ("Q11", json!("payment_initiation"), DETAILS),
        ("Q11", json!(null), DETAILS),
        ("Q11", json!([null]), DETAILS),
        ("Q11", json!([[{ "type": "payment_initiation" }]]), DETAILS),
        // One that is malformed spoils the others: who knows what was meant.
        (
            "Q11",
            json!([{ "type": "payment_initiation" }, {}]),
            DETAILS,
        ),
        (
            "Q11",
            json!([{ "type": "account_information" }, { "type": "payment_initiation" }]),
            Accepted,
        ),
        ("Q11", payment(json!({ "locations": [RESOURCE] })), Accepted),
        (
            "Q11",
            payment(json!({ "locations": [SECOND_RESOURCE, format!("{RESOURCE}/consents")] })),
            Accepted,
        ),
        (
            "Q11",
            payment(json!({ "locations": [SECOND_RESOURCE] })),
            DETAILS,
        ),
        (
            "Q11",
            payment(json!({ "locations": [format!("{RESOURCE}.evil.example")] })),
            DETAILS,
        ),
        ("Q11", payment(json!({ "locations": [] })), DETAILS),
        ("Q11", payment(json!({ "locations": RESOURCE })), DETAILS),
        (
            "Q14",
            payment(json!({ "actions": ["initiate", "status", "cancel"] })),
            Accepted,
        ),
        ("Q14", payment(json!({ "actions": [] })), DETAILS),
        ("Q14", payment(json!({ "actions": ["*"] })), DETAILS),
        ("Q14", payment(json!({ "actions": ["*", "*"] })), DETAILS),
        ("Q14", payment(json!({ "actions": "initiate" })), DETAILS),
        ("Q14", payment(json!({ "actions": null })), DETAILS),
        // Amounts are the type's matter: the core neither reads nor loses them.
        (
            "Q13",
            payment(json!({ "instructedAmount": { "amount": "123.50", "currency": "EUR" } })),
            Accepted,
        ),
        (
            "Q13",
            payment(json!({ "instructedAmount": { "amount": 0.1 } })),
            Accepted,
        ),
    ] {
        cases.push(claim(
            id,
            "/consents",
            "authorization_details",
            details,
            expect,
        ));
    }
    cases.push(token("Q11", "none", "/consents", DETAILS, |t, _| t));
    for (id, about, text, expect) in [
        (
            "Q13",
            // What does not fit a double is read by nobody in the same way: the token is refused.
            "1e309",
            r#"[{"type":"payment_initiation","amount":1e309}]"#,
            InvalidToken,
        ),
        (
            "Q13",
            "a long number",
            r#"[{"type":"payment_initiation","amount":0.10000000000000000000000000000000000001}]"#,
            Accepted,
        ),
        (
            "Q11",
            "type twice",
            r#"[{"type":"payment_initiation","type":"payment_initiation"}]"#,
            InvalidToken,
        ),
        (
            "Q11",
            "actions twice",
            r#"[{"type":"payment_initiation","actions":["a"],"actions":["b"]}]"#,
            InvalidToken,
        ),
    ] {
        cases.push(token(id, about, "/consents", expect, move |t, _| {
            let json = with_text(&t.claims_json(), "authorization_details", text);
            t.raw_claims(json)
        }));
    }
    cases.push(token("Q11", "twice", "/consents", InvalidToken, |t, _| {
        let t = t.claim("authorization_details", json!([]));
        let good = r#""authorization_details":[{"type":"payment_initiation"}],"#;
        let json = begin_with(&t.claims_json(), good);
        t.raw_claims(json)
    }));
    for (about, details, expect) in [
        (
            "granted",
            json!([{ "type": "payment_initiation" }]),
            Accepted,
        ),
        (
            "of another type",
            json!([{ "type": "account_information" }]),
            DETAILS,
        ),
        ("not in the answer", json!(null), DETAILS),
    ] {
        let changes = json!({ "authorization_details": details });
        let token = Reply::json(changed(Profile::Rules, &changes)).token();
        cases.push(Case::request("O22", about, expect, move |scene| {
            scene.get("/consents", &token)
        }));
    }
}

/// Which rule is for a request, if any.
fn routes(cases: &mut Vec<Case>) {
    cases.push(token(
        "Q01",
        "no rule",
        "/nothing",
        InsufficientScope(None),
        |t, _| t,
    ));
    cases.push(token(
        "Q01",
        "an issuer that the rule does not take",
        "/internal",
        InsufficientScope(None),
        |t, _| t,
    ));
    cases.push(token(
        "Q01",
        "an issuer that the rule takes",
        "/internal",
        Accepted,
        |t, _| {
            let key = CAST.other_issuer.key();
            t.claim("iss", CAST.other_issuer.issuer())
                .header("kid", key.kid())
                .signed_by(key)
        },
    ));
    for (about, method, target, scope, expect) in [
        ("HEAD is as GET", "HEAD", "/payments", "accounts", PAYMENTS),
        (
            "HEAD is as GET, and granted",
            "HEAD",
            "/payments",
            "payments",
            Accepted,
        ),
        (
            "a method without a rule",
            "POST",
            "/payments",
            "payments",
            InsufficientScope(None),
        ),
        (
            "a slash at the end",
            "GET",
            "/payments/",
            "accounts",
            PAYMENTS,
        ),
        (
            "a slash at the end, and granted",
            "GET",
            "/payments/",
            "payments",
            Accepted,
        ),
        (
            "an unreserved character encoded",
            "GET",
            "/p%61yments",
            "accounts",
            PAYMENTS,
        ),
        (
            "a query",
            "GET",
            "/payments?scope=payments",
            "accounts",
            PAYMENTS,
        ),
        (
            "another case",
            "GET",
            "/Payments",
            "accounts",
            InsufficientScope(None),
        ),
        (
            "a rule that only reports",
            "GET",
            "/reports",
            "accounts",
            Reported,
        ),
        (
            "a rule that only reports, and granted",
            "GET",
            "/reports",
            "reports",
            Accepted,
        ),
    ] {
        cases.push(Case::request("Q01", about, expect, move |scene| {
            let token = scene.token().scope(scope).build();
            let path = target.split('?').next().unwrap_or_default();
            let proof = scene.proof_for(method, path, &token).build();
            scene.request_to(method, target, &token, &proof)
        }));
    }
    cases.push(Case::request(
        "Q01",
        "reported without credentials",
        Reported,
        |_| WireRequest::new("GET", "/reports"),
    ));
    cases.push(Case::request("Q01", "public", Public, |_| {
        WireRequest::new("GET", "/healthz")
    }));
    cases.push(Case::request(
        "Q01",
        "public, with bad credentials",
        Public,
        |_| WireRequest::new("GET", "/healthz").header("Authorization", "DPoP x"),
    ));
}

/// `GET` of this path, with a token that is made in another way.
fn token(
    id: &'static str,
    about: impl Into<String>,
    path: &'static str,
    expect: Expect,
    change: impl Fn(TokenBuilder, &Scene<'_>) -> TokenBuilder + Send + Sync + 'static,
) -> Case {
    let about = format!("{path}: {}", about.into());
    Case::request(id, about, expect, move |scene| {
        let token = change(scene.token(), scene).build();
        scene.get(path, &token)
    })
}

fn claim(
    id: &'static str,
    path: &'static str,
    name: &'static str,
    value: Value,
    expect: Expect,
) -> Case {
    token(id, format!("{name} {value}"), path, expect, move |t, _| {
        t.claim(name, value.clone())
    })
}
