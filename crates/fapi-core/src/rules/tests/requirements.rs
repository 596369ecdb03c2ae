//! What rules ask of tokens.

use std::sync::Arc;

use super::compile;
use crate::UnixTime;
use crate::config::Rule;
use crate::rules::{PolicyError, Requirement, Selection, TokenView};
use crate::token::Scope;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// How far ahead `auth_time` may lie, in seconds.
const FUTURE: i64 = 10;

fn check(rule: Rule, scope: &str, claims: &str) -> Result<(), PolicyError> {
    let rules = compile([rule]).unwrap();
    let Selection::Rule(rule) = rules.select("GET", "/a") else {
        panic!("no rule");
    };
    rule.check(&view(&Scope::new(scope), claims), NOW, FUTURE)
}

fn meets(requirement: Requirement, scope: &str, claims: &str) -> Result<(), PolicyError> {
    let requirement = Arc::new(requirement);
    requirement.check(&view(&Scope::new(scope), claims), NOW, FUTURE)
}

fn view<'a>(scope: &'a Scope, claims: &'a str) -> TokenView<'a> {
    TokenView {
        issuer: "https://as.example.com",
        scope,
        claims,
        resource: "https://api.example.com",
    }
}

#[test]
fn a_rule_that_asks_for_nothing() {
    assert_eq!(check(Rule::new("/a"), "", "not even looked at"), Ok(()));
}

#[test]
fn issuers() {
    let rule = |issuer: &str| Rule::new("/a").issuers([issuer]).scopes(["lacking"]);
    assert_eq!(
        check(rule("https://other.example.com"), "", "{}"),
        Err(PolicyError::IssuerNotAllowed)
    );
    assert!(matches!(
        check(rule("https://as.example.com"), "", "{}"),
        Err(PolicyError::Scope(_))
    ));
}

/// Q01, Q02.
#[test]
fn scopes() {
    let rule = || Rule::new("/a").scopes(["read", "write"]);
    for good in ["read write", "write other  read", "read write read"] {
        assert_eq!(check(rule(), good, "{}"), Ok(()), "{good}");
    }
    for lacking in [
        "",
        "read",
        "readwrite",
        "read Write",
        "read write2",
        "read,write",
    ] {
        let Err(PolicyError::Scope(missing)) = check(rule(), lacking, "{}") else {
            panic!("{lacking}");
        };
        assert_eq!(missing.required(), "read write");
    }
}

/// Q04.
#[test]
fn acr() {
    let rule = || Rule::new("/a").acr_values(["urn:high", "urn:higher"]);
    assert_eq!(check(rule(), "", r#"{"acr":"urn:high"}"#), Ok(()));
    assert_eq!(
        check(rule(), "", r#"{"acr":"urn:high\u0065r","auth_time":"x"}"#),
        Ok(())
    );
    for lacking in [
        "{}",
        "",
        "[]",
        r#"{"acr":"urn:low"}"#,
        r#"{"acr":"URN:high"}"#,
        r#"{"acr":"urn:high urn:higher"}"#,
        r#"{"acr":""}"#,
        r#"{"acr":null}"#,
        r#"{"acr":1}"#,
        r#"{"acr":["urn:high"]}"#,
        r#"{"acr":{"values":["urn:high"]}}"#,
        r#"{"acr":"urn:high","acr":"urn:high"}"#,
        r#"{"ACR":"urn:high"}"#,
        r#"{"acr":"urn:high"} x"#,
    ] {
        let Err(PolicyError::StepUp(step_up)) = check(rule(), "", lacking) else {
            panic!("{lacking}");
        };
        assert_eq!(step_up.acr_values(), Some("urn:high urn:higher"));
        assert_eq!(step_up.max_age_seconds(), None);
        assert_eq!(step_up.scope(), None);
    }
}

#[test]
fn auth_time() {
    let rule = || Rule::new("/a").max_age_seconds(300);
    for good in [
        "1700000000",
        "1699999700",
        "1699999700.9",
        "1700000010",
        "1.7e9",
    ] {
        let claims = format!(r#"{{"auth_time":{good},"acr":1}}"#);
        assert_eq!(check(rule(), "", &claims), Ok(()), "{good}");
    }
    for lacking in [
        "1699999699",
        "1699999699.9",
        "1700000011",
        "9007199254740992",
        "1e300",
        "0",
        "-1",
        "\"1700000000\"",
        "null",
        "true",
        "[1700000000]",
    ] {
        let claims = format!(r#"{{"auth_time":{lacking}}}"#);
        let Err(PolicyError::StepUp(step_up)) = check(rule(), "", &claims) else {
            panic!("{lacking}");
        };
        assert_eq!(step_up.acr_values(), None);
        assert_eq!(step_up.max_age_seconds(), Some(300));
    }
    assert!(matches!(
        check(rule(), "", "{}"),
        Err(PolicyError::StepUp(_))
    ));
    let rule = Rule::new("/a").max_age_seconds(0);
    assert_eq!(check(rule, "", r#"{"auth_time":1700000000}"#), Ok(()));
    let rule = Rule::new("/a").max_age_seconds(u32::MAX);
    assert_eq!(check(rule, "", r#"{"auth_time":-2594967295}"#), Ok(()));
}

/// Q10: one error, step-up first; then the scope, then the authorization details.
#[test]
fn order() {
    let rule = || {
        Rule::new("/a")
            .acr_values(["high"])
            .max_age_seconds(60)
            .scopes(["pay"])
            .authorization_details(["payment"])
    };
    let Err(PolicyError::StepUp(step_up)) = check(rule(), "", "{}") else {
        panic!();
    };
    assert_eq!(step_up.acr_values(), Some("high"));
    assert_eq!(step_up.max_age_seconds(), Some(60));
    assert_eq!(step_up.scope(), Some("pay"));

    let strong = r#"{"acr":"high","auth_time":1700000000,"authorization_details":"malformed"}"#;
    assert!(matches!(
        check(rule(), "", strong),
        Err(PolicyError::Scope(_))
    ));
    assert_eq!(
        check(rule(), "pay", strong),
        Err(PolicyError::AuthorizationDetails)
    );
    let all =
        r#"{"acr":"high","auth_time":1700000000,"authorization_details":[{"type":"payment"}]}"#;
    assert_eq!(check(rule(), "pay", all), Ok(()));
    // Only one of acr and auth_time.
    let old = r#"{"acr":"high","auth_time":1600000000}"#;
    assert!(matches!(
        check(rule(), "pay", old),
        Err(PolicyError::StepUp(_))
    ));
}

/// Q11, Q13, Q14.
#[test]
fn authorization_details() {
    let rule = || Rule::new("/a").authorization_details(["payment", "account"]);
    let with = |details: &str| {
        let claims = format!(r#"{{"authorization_details":{details}}}"#);
        check(rule(), "", &claims)
    };
    for good in [
        r#"[{"type":"payment"},{"type":"account"}]"#,
        r#"[{"type":"other","actions":7},{"type":"account","x":{}},{"type":"payment"},{"type":"payment"}]"#,
        r#"[{"type":"payment","actions":["*","pay"],"locations":["https://else.example","https://api.example.com/pay"]},
            {"type":"account","locations":["https://api.example.com"],"amount":1.10}]"#,
    ] {
        assert_eq!(with(good), Ok(()), "{good}");
    }
    for lacking in [
        "null",
        "{}",
        "[]",
        r#"{"type":"payment"}"#,
        r#""[]""#,
        r#"[{"type":"payment"}]"#,
        r#"[{"type":"payment"},{"type":"Account"}]"#,
        r#"[{"type":"payment"},{"type":"account "}]"#,
        r#"[{"type":"payment account"}]"#,
        r#"[{"type":"payment"},{"type":"account"},{}]"#,
        r#"[{"type":"payment"},{"type":"account"},null]"#,
        r#"[{"type":"payment"},{"type":"account"},[]]"#,
        r#"[{"type":"payment"},{"type":"account"},{"type":1}]"#,
        r#"[{"type":"payment"},{"type":["account"]}]"#,
        r#"[{"type":"payment"},{"type":"account","type":"account"}]"#,
        r#"[{"type":"payment"},{"type":"account","x":{"y":1,"y":1}}]"#,
        r#"[{"type":"payment"},{"type":"account","amount":1e309}]"#,
        r#"[{"type":"payment"},{"type":"account","actions":[]}]"#,
        r#"[{"type":"payment"},{"type":"account","actions":["*"]}]"#,
        r#"[{"type":"payment"},{"type":"account","actions":"read"}]"#,
        r#"[{"type":"payment"},{"type":"account","actions":null}]"#,
        r#"[{"type":"payment"},{"type":"account","locations":[]}]"#,
        r#"[{"type":"payment"},{"type":"account","locations":["https://else.example"]}]"#,
        r#"[{"type":"payment"},{"type":"account","locations":["https://api.example.com.evil.example/"]}]"#,
        r#"[{"type":"payment"},{"type":"account","locations":[1,"https://api.example.com"]}]"#,
        r#"[{"type":"payment"},{"type":"account","identifier":1}]"#,
    ] {
        assert_eq!(
            with(lacking),
            Err(PolicyError::AuthorizationDetails),
            "{lacking}"
        );
    }
    assert_eq!(
        check(rule(), "", "{}"),
        Err(PolicyError::AuthorizationDetails)
    );
}

/// The same as of rules: what the client is told depends on nothing else.
#[test]
fn requirements_in_code_are_those_of_rules() {
    let acr = || Requirement::acr_values(["high", "higher"]).unwrap();
    for (rule, requirement) in [
        (
            Rule::new("/a").scopes(["read", "write"]),
            Requirement::scopes(["read", "write"]).unwrap(),
        ),
        (Rule::new("/a").acr_values(["high", "higher"]), acr()),
        (
            Rule::new("/a")
                .acr_values(["high", "higher"])
                .max_age_seconds(300),
            acr().and_max_age_seconds(300),
        ),
        (
            Rule::new("/a").max_age_seconds(300),
            Requirement::max_age_seconds(300),
        ),
    ] {
        for scope in ["", "read", "write read"] {
            for claims in [
                "{}",
                r#"{"acr":"high"}"#,
                r#"{"acr":"high","auth_time":1699999700}"#,
                r#"{"acr":"high","auth_time":1699999699}"#,
                r#"{"auth_time":1700000010}"#,
                r#"{"auth_time":1700000011}"#,
            ] {
                assert_eq!(
                    meets(requirement.clone(), scope, claims),
                    check(rule.clone(), scope, claims),
                    "{requirement:?} {scope} {claims}"
                );
            }
        }
    }
}

#[test]
fn requirements_in_code_have_values_that_challenges_can_name() {
    for (values, path) in [
        (&[][..], ""),
        (&[""], "[0]"),
        (&["a", "b c"], "[1]"),
        (&["\""], "[0]"),
        (&["\\"], "[0]"),
        (&["\u{e4}"], "[0]"),
        (&["a\u{7f}"], "[0]"),
    ] {
        let values = || values.iter().copied();
        let scopes = Requirement::scopes(values()).unwrap_err();
        let acr_values = Requirement::acr_values(values()).unwrap_err();
        assert_eq!(scopes.path(), format!("scopes{path}"));
        assert_eq!(acr_values.path(), format!("acr_values{path}"));
    }
    let error = Requirement::scopes(["a", "b c"]).unwrap_err();
    assert!(error.problem().starts_with("\"b c\" must be "), "{error}");
}
