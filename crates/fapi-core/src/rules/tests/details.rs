//! What handlers read of authorization details.

use proptest::prelude::*;
use serde::Deserialize;

use crate::rules::{AuthorizationDetails, DetailType, MalformedAuthorizationDetails};

const RESOURCE: &str = "https://api.example.com/";

fn read(details: &str) -> Result<AuthorizationDetails, MalformedAuthorizationDetails> {
    let claims = format!(r#"{{"sub":"x","authorization_details":{details}}}"#);
    AuthorizationDetails::read(&claims, RESOURCE)
}

#[test]
fn elements_and_their_common_fields() {
    let details = read(
        r#"[
            {"type":"account","actions":["list","re\u0061d"],"datatypes":["balance"],"privileges":[],
             "identifier":"acc-1","locations":["https://api.example.com/accounts"]},
            {"type":"payment","amount":{"value":"12.30","currency":"EUR"}},
            {"type":"account"}
        ]"#,
    )
    .unwrap();
    assert_eq!(details.iter().count(), 3);
    let accounts: Vec<_> = details.of_type("account").collect();
    let [first, second] = accounts[..] else {
        panic!("{accounts:?}");
    };
    assert_eq!(first.type_name(), "account");
    assert_eq!(first.actions(), Some(&["list".into(), "read".into()][..]));
    assert_eq!(first.datatypes(), Some(&["balance".into()][..]));
    assert_eq!(first.privileges(), Some(&[][..]));
    assert_eq!(first.identifier(), Some("acc-1"));
    assert_eq!(
        first.locations(),
        Some(&["https://api.example.com/accounts".into()][..])
    );
    assert_eq!(second.json(), r#"{"type":"account"}"#);
    assert!(second.actions().is_none() && second.datatypes().is_none());
    assert!(second.privileges().is_none() && second.locations().is_none());
    assert_eq!(second.identifier(), None);
    assert_eq!(details.of_type("accoun").count(), 0);

    #[derive(Deserialize)]
    struct Payment<'a> {
        #[serde(borrow)]
        amount: Amount<'a>,
    }
    #[derive(Deserialize)]
    struct Amount<'a> {
        value: &'a str,
    }
    let payment = details.of_type("payment").next().unwrap();
    assert_eq!(
        payment.deserialize::<Payment<'_>>().unwrap().amount.value,
        "12.30"
    );
    assert!(payment.deserialize::<Vec<u8>>().is_err());
    assert!(!format!("{details:?}").contains("12.30"));
}

#[test]
fn elements_without_the_form_of_a_type_grant_nothing() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Payment {
        amount: String,
    }
    impl DetailType for Payment {
        const TYPE: &'static str = "payment";
    }
    let details = read(
        r#"[{"type":"payment","amount":"12.30"},{"type":"payment","amount":12.30},{"type":"payment"},
            {"type":"Payment","amount":"1"},{"type":"payment","amount":"2","actions":[]},
            {"type":"payment","amount":"0.10","creditor":"x"}]"#,
    )
    .unwrap();
    let amounts: Vec<_> = details.typed().map(|Payment { amount }| amount).collect();
    assert_eq!(amounts, ["12.30", "0.10"]);
}

/// Q14.
#[test]
fn actions_are_exact() {
    let details = read(r#"[{"type":"a","actions":["read","*"]},{"type":"b"}]"#).unwrap();
    let one = details.of_type("a").next().unwrap();
    assert!(one.allows_action("read"));
    for other in ["write", "*", "rea", "Read", "", "read "] {
        assert!(!one.allows_action(other), "{other}");
    }
    assert!(!details.of_type("b").next().unwrap().allows_action("read"));
}

#[test]
fn what_grants_nothing_is_left_out() {
    for field in [
        r#""actions":[]"#,
        r#""actions":["*","*"]"#,
        r#""actions":"read""#,
        r#""datatypes":{}"#,
        r#""privileges":[1]"#,
        r#""identifier":[]"#,
        r#""locations":[]"#,
        r#""locations":["https://api.example.org/"]"#,
        r#""locations":["https://api.example.comx"]"#,
        r#""locations":["http://api.example.com/"]"#,
    ] {
        let details = read(&format!(r#"[{{"type":"a",{field}}},{{"type":"b"}}]"#)).unwrap();
        let types: Vec<_> = details.iter().map(|one| one.type_name()).collect();
        assert_eq!(types, ["b"], "{field}");
    }
    for here in [
        "https://api.example.com",
        "https://api.example.com/",
        "https://api.example.com/a?b",
    ] {
        let details = read(&format!(r#"[{{"type":"a","locations":["x","{here}"]}}]"#)).unwrap();
        assert_eq!(details.iter().count(), 1, "{here}");
    }
}

#[test]
fn absent_is_empty_and_malformed_is_an_error() {
    let absent = AuthorizationDetails::read(r#"{"sub":"x"}"#, RESOURCE).unwrap();
    assert_eq!(absent.iter().count(), 0);
    assert_eq!(read("[]").unwrap().iter().count(), 0);
    for malformed in [
        "null",
        "{}",
        "1",
        r#""""#,
        "[1]",
        "[{}]",
        r#"[{"type":null}]"#,
        r#"[{"type":"a"},"b"]"#,
    ] {
        assert_eq!(
            read(malformed).unwrap_err(),
            MalformedAuthorizationDetails,
            "{malformed}"
        );
    }
    for claims in [
        "",
        "[]",
        r#"{"authorization_details":[],"authorization_details":[]}"#,
    ] {
        assert!(
            AuthorizationDetails::read(claims, RESOURCE).is_err(),
            "{claims}"
        );
    }
}

proptest! {
    #[test]
    fn never_panics(claims in ".*", details in ".*", element in ".*") {
        let _ = AuthorizationDetails::read(&claims, RESOURCE);
        let _ = read(&details);
        let _ = read(&format!("[{{\"type\":\"a\",{element}}}]"));
    }
}
