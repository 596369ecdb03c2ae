//! Answers that are no key set: they replace nothing ("N11", "N13", "X04", "X05").

use fapi_core::{KeySet, KeySetError};
use tower_fapi::IssuerConfig;
use tower_fapi::keys::{Document, FetchError, FetchProblem};

use crate::server::{Reply, Server};
use crate::setting::{Event, Setting, X, jwks};

/// A setting that holds the key "good", with a server that may now answer anything.
async fn holding_good() -> (Server, Setting) {
    let server = Server::start(|_| Reply::json(jwks(&["good"]))).await;
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let mut setting = Setting::new(issuer);
    setting.fetch(None).await.unwrap();
    assert_eq!(setting.event().await, Event::Fetched);
    (server, setting)
}

/// The answer is refused for this reason; the good key stays, an unknown one is not called wrong.
async fn refused(reply: Reply, problem: FetchProblem) {
    let (server, mut setting) = holding_good().await;
    let shown = problem.to_string();
    server.now(move |_| reply.clone());
    assert!(setting.fetch(Some("new")).await.is_err(), "{shown}");
    let document = Document::KeySet;
    assert_eq!(setting.failure().await, FetchError { document, problem });
    assert!(setting.knows("good"), "{shown}");
    assert!(setting.keys.is_ready(), "{shown}");
    // And the truth again.
    server.now(|_| Reply::json(jwks(&["new"])));
    setting.clock.advance(1);
    assert!(
        setting.fetch(Some("new")).await.unwrap().has_kid("new"),
        "{shown}"
    );
}

fn typed(content_type: &str, body: &str) -> Reply {
    Reply::of("200 OK", &format!("content-type: {content_type}\r\n"), body)
}

#[tokio::test]
async fn documents_that_are_no_key_sets() {
    let key = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"}}"#);
    let private = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","d":"{X}"}}"#);
    let many = vec![key.clone(); KeySet::MAX_KEYS + 1].join(",");
    let table = [
        (String::new(), KeySetError::Malformed),
        ("{}".to_owned(), KeySetError::Malformed),
        (r#"{"keys":{}}"#.to_owned(), KeySetError::Malformed),
        (r#"{"keys":null}"#.to_owned(), KeySetError::Malformed),
        ("<html></html>".to_owned(), KeySetError::Malformed),
        (format!(r#"{{"keys":[{key}"#), KeySetError::Malformed),
        (
            format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#),
            KeySetError::Malformed,
        ),
        (
            format!(r#"{{"keys":[{key},{private}]}}"#),
            KeySetError::Private,
        ),
        (r#"{"keys":[]}"#.to_owned(), KeySetError::NoUsableKey),
        (
            r#"{"keys":[{"kty":"X"}]}"#.to_owned(),
            KeySetError::NoUsableKey,
        ),
        (format!(r#"{{"keys":[{many}]}}"#), KeySetError::TooManyKeys),
    ];
    for (body, error) in table {
        refused(Reply::json(body), FetchProblem::KeySet(error)).await;
    }
}

#[tokio::test]
async fn responses_that_are_no_json() {
    let body = jwks(&["new"]);
    refused(typed("text/html", &body), FetchProblem::ContentType).await;
    refused(typed("text/plain", &body), FetchProblem::ContentType).await;
    refused(Reply::of("200 OK", "", &body), FetchProblem::ContentType).await;
    let two = "content-type: application/json\r\ncontent-type: text/html\r\n";
    refused(Reply::of("200 OK", two, &body), FetchProblem::ContentType).await;
    let utf16: String = body.chars().flat_map(|c| ['\0', c]).collect();
    let malformed = FetchProblem::KeySet(KeySetError::Malformed);
    refused(typed("application/json; charset=utf-16", &utf16), malformed).await;
}

#[tokio::test]
async fn statuses_other_than_200() {
    let headers = "content-type: application/json\r\n";
    for status in [
        "201 Created",
        "206 Partial Content",
        "401 No",
        "404 No",
        "500 No",
        "503 No",
    ] {
        let code = status.split(' ').next().unwrap().parse().unwrap();
        let reply = Reply::of(status, headers, jwks(&["new"]));
        refused(reply, FetchProblem::Status(code)).await;
    }
}

#[tokio::test]
async fn compressed_answers_are_not_unpacked() {
    let coded =
        |coding| Reply::json_with(&format!("content-encoding: {coding}\r\n"), jwks(&["new"]));
    refused(coded("gzip"), FetchProblem::ContentCoding).await;
    refused(coded("br"), FetchProblem::ContentCoding).await;
    let (server, setting) = holding_good().await;
    let reply = coded("identity");
    server.now(move |_| reply.clone());
    assert!(setting.fetch(Some("new")).await.unwrap().has_kid("new"));
}

#[tokio::test]
async fn too_much_is_not_read() {
    let limit = KeySet::MAX_BYTES;
    let padded = |size: usize| {
        let set = jwks(&["new"]);
        let padding = " ".repeat(size - set.len());
        set + &padding
    };
    refused(
        Reply::json(padded(limit + 1)),
        FetchProblem::TooLarge(limit),
    )
    .await;
    // Announced to be 100 MiB, of which not a byte comes.
    let announced =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n";
    let reply = Reply::Drip(announced.into());
    refused(reply, FetchProblem::TooLarge(limit)).await;
    refused(
        Reply::Endless(Reply::open_json()),
        FetchProblem::TooLarge(limit),
    )
    .await;

    let (server, setting) = holding_good().await;
    let reply = Reply::json(padded(limit));
    server.now(move |_| reply.clone());
    assert!(setting.fetch(Some("new")).await.unwrap().has_kid("new"));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Server::start(|_| Reply::json(jwks(&["new"]))).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See",
        "307 Temporary",
        "308 Permanent",
    ] {
        let location = format!("location: {}\r\n", target.at("/jwks"));
        refused(Reply::of(status, &location, ""), FetchProblem::Redirect).await;
    }
    refused(Reply::redirect("/jwks"), FetchProblem::Redirect).await;
    refused(
        Reply::redirect("http://169.254.169.254/"),
        FetchProblem::Redirect,
    )
    .await;
    assert_eq!(target.asked(), [""; 0]);
}

#[tokio::test]
async fn a_client_that_follows_redirects_does_not_help() {
    let target = Server::start(|_| Reply::json(jwks(&["new"]))).await;
    let location = target.at("/jwks");
    let server = Server::start(move |_| Reply::redirect(&location)).await;
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut setting = Setting::with_client(issuer, client);
    assert!(setting.fetch(None).await.is_err());
    assert_eq!(setting.failure().await.problem, FetchProblem::Redirect);
}

/// Unusable keys and several with one `kid` do not spoil the others ("N16", "N19").
#[tokio::test]
async fn a_set_may_hold_keys_that_we_do_not_use() {
    let (server, setting) = holding_good().await;
    let same = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"new","x":"{X}"}}"#);
    let body = format!(r#"{{"keys":[{{"kty":"OKP","crv":"X25519","kid":"odd"}},{same},{same}]}}"#);
    server.now(move |_| Reply::json(body.clone()));
    let keys = setting.fetch(Some("new")).await.unwrap();
    assert!(keys.has_kid("new"));
    assert!(!keys.has_kid("odd"));
}

#[tokio::test]
async fn plain_http_where_tls_is_expected() {
    let server = Server::start(|_| Reply::json(jwks(&["new"]))).await;
    let uri = server.at("/jwks?secret=5").replace("http://", "https://");
    let mut setting = Setting::new(IssuerConfig::new("https://as.example.com").jwks_uri(uri));
    assert!(setting.fetch(None).await.is_err());
    let FetchProblem::Transport(text) = setting.failure().await.problem else {
        panic!("the handshake should fail");
    };
    assert!(!text.contains("secret"), "{text}");
}
