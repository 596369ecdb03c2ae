//! What the server says of a wrong document, and how it ends.

use std::path::Path;

use crate::process::{Server, client, example, refuse, write_document};

#[test]
fn a_wrong_document_is_one_line_and_status_2() {
    let issuers = r#""issuers": [{ "issuer": "https://as.example.com", "jwks": { "keys": [] } }]"#;
    let resource = r#""resource": "https://api.example.com""#;
    let cases = [
        (
            "syntax",
            "{ \"resource\": }".to_owned(),
            "configuration: resource: not JSON: ",
        ),
        (
            "unknown",
            format!(r#"{{ {resource}, {issuers}, "dpop": {{ "max_age": 60 }} }}"#),
            "configuration: dpop.max_age: ",
        ),
        (
            "missing",
            format!("{{ {issuers} }}"),
            "configuration: resource: ",
        ),
        (
            "type",
            format!(r#"{{ {resource}, {issuers}, "token_algs": "ES256" }}"#),
            "configuration: token_algs: ",
        ),
        (
            "range",
            format!(r#"{{ {resource}, {issuers}, "dpop": {{ "max_age_seconds": 0 }} }}"#),
            "configuration: dpop.max_age_seconds: ",
        ),
        (
            "keys",
            format!(
                r#"{{ {resource}, "issuers": [{{ "issuer": "https://as.example.com", "jwks": {{}} }}] }}"#
            ),
            "configuration: issuers[0].jwks: ",
        ),
    ];
    for (name, document, expected) in cases {
        assert_refused(
            &write_document(&format!("wrong-{name}.json"), &document),
            expected,
        );
    }
}

#[test]
fn a_document_that_cannot_be_read_is_one_line_and_status_2() {
    assert_refused(
        Path::new("/nowhere/config.json"),
        "configuration: \"/nowhere/config.json\": ",
    );
}

fn assert_refused(config: &Path, expected: &str) {
    let output = refuse(config);
    let stderr = String::from_utf8(output.stderr).unwrap();

    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with(expected), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(output.stdout.is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn both_signals_end_the_server_with_status_0() {
    for signal in ["TERM", "INT"] {
        let server = Server::start(&example());
        // The connection that stays open afterwards is no reason to go on.
        let client = client();
        client.get(server.url("/accounts")).send().await.unwrap();

        assert_eq!(server.stop(signal).code(), Some(0), "{signal}");
    }
}
