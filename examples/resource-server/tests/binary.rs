//! The built binary: what it prints, how it answers a stranger, and how it ends.

mod server;

use std::path::{Path, PathBuf};

use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Client, Method, StatusCode, Version};
use server::Server;

const CHALLENGE: &str = r#"DPoP algs="ES256 PS256 EdDSA""#;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.json")
}

#[tokio::test]
async fn every_path_and_method_is_guarded() {
    let server = Server::start(&example());
    let client = Client::new();
    for (method, path) in [
        (Method::GET, "/accounts"),
        (Method::GET, "/accounts/42"),
        (Method::POST, "/payments"),
        (Method::GET, "/nowhere"),
        (Method::DELETE, "/accounts"),
        (Method::OPTIONS, "/accounts"),
        (Method::from_bytes(b"BREW").unwrap(), "/pot"),
    ] {
        let response = client
            .request(method.clone(), server.url(path))
            .send()
            .await
            .unwrap();

        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{method} {path}"
        );
        assert_eq!(response.headers()[WWW_AUTHENTICATE], CHALLENGE);
        assert_eq!(response.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn http_2_without_tls_is_served() {
    let server = Server::start(&example());
    let client = Client::builder().http2_prior_knowledge().build().unwrap();

    let response = client.get(server.url("/accounts")).send().await.unwrap();

    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()[WWW_AUTHENTICATE], CHALLENGE);
}

#[test]
fn a_wrong_document_is_one_line_and_status_2() {
    let issuers = r#""issuers": [{ "issuer": "https://as.example.com", "jwks": { "keys": [] } }]"#;
    let resource = r#""resource": "https://api.example.com""#;
    let cases = [
        (
            "syntax",
            "{ \"resource\": }".to_owned(),
            "configuration: expected value (line 1, column 15)",
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
            &server::document(&format!("wrong-{name}.json"), &document),
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
    let output = server::refuse(config);
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
        let client = Client::new();
        client.get(server.url("/accounts")).send().await.unwrap();

        assert_eq!(server.stop(signal).code(), Some(0), "{signal}");
    }
}
