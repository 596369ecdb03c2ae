//! Requests without credentials.

use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Client, Method, StatusCode, Version};

use crate::process::{Server, client, example};

/// RFC 9449 §7.1: the accepted scheme and algorithms, and no error, since nothing was tried.
const CHALLENGE: &str = concat!(
    r#"DPoP algs="ES256 PS256 EdDSA Ed25519", "#,
    r#"resource_metadata="https://api.example.com/.well-known/oauth-protected-resource""#
);

#[tokio::test]
async fn every_path_and_method_is_guarded() {
    let server = Server::start(&example());
    let client = client();
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
    let client = Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();

    let response = client.get(server.url("/accounts")).send().await.unwrap();

    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()[WWW_AUTHENTICATE], CHALLENGE);
}
