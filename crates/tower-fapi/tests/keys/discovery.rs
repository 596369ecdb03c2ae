//! Where keys come from when all is well.

use fapi_core::config::ConfigErrorKind;
use fapi_core::{KeysQuery, Unavailable};
use tower_fapi::keys::{ConfiguredKeys, Document, FetchError, FetchProblem};
use tower_fapi::ports::{Answer, KeySource as _};
use tower_fapi::{FapiConfig, IssuerConfig};

use crate::server::{Reply, Server};
use crate::setting::{Event, Setting, jwks};

const OAUTH: &str = "/.well-known/oauth-authorization-server/t1";
const OPENID: &str = "/t1/.well-known/openid-configuration";

fn metadata(issuer: &str, jwks_uri: &str) -> Reply {
    Reply::json(format!(
        r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}","token_endpoint":"x"}}"#
    ))
}

/// An issuer `…/t1` whose metadata are at `path`, and whose keys are on another host.
async fn discovered_at(path: &'static str) -> (Server, Server, Setting) {
    let keys = Server::start(|_| Reply::json(jwks(&["k1"]))).await;
    let server = Server::start(|_| Reply::Silence).await;
    let issuer = server.at("/t1");
    let (name, jwks_uri) = (issuer.clone(), keys.at("/keys?v=1"));
    server.now(move |asked| {
        if asked == path {
            metadata(&name, &jwks_uri)
        } else {
            Reply::status("404 Not Found")
        }
    });
    let setting = Setting::new(IssuerConfig::new(issuer));
    (server, keys, setting)
}

#[tokio::test]
async fn oauth_metadata_come_first() {
    let (server, keys, setting) = discovered_at(OAUTH).await;
    assert!(setting.known().is_none());
    assert!(setting.fetch(None).await.unwrap().has_kid("k1"));
    assert!(setting.knows("k1"));
    assert_eq!(server.asked(), [OAUTH]);
    assert_eq!(keys.asked(), ["/keys?v=1"]);
}

#[tokio::test]
async fn openid_metadata_come_next() {
    let (server, _keys, setting) = discovered_at(OPENID).await;
    assert!(setting.fetch(None).await.unwrap().has_kid("k1"));
    assert_eq!(server.asked(), [OAUTH, OPENID]);
}

#[tokio::test]
async fn only_404_leads_to_openid_metadata() {
    for status in ["500 Oops", "403 Forbidden", "204 No Content", "410 Gone"] {
        let server = Server::start(move |_| Reply::status(status)).await;
        let mut setting = Setting::new(IssuerConfig::new(server.at("/t1")));
        assert!(setting.fetch(None).await.is_err());
        let code = status.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(setting.failure().await, failed(FetchProblem::Status(code)));
        assert_eq!(server.asked(), [OAUTH]);
    }
}

#[tokio::test]
async fn no_metadata_at_all() {
    let server = Server::start(|_| Reply::status("404 Not Found")).await;
    let mut setting = Setting::new(IssuerConfig::new(server.at("/t1")));
    let unavailable = setting.fetch(None).await.unwrap_err();
    assert_eq!(unavailable, Unavailable::retry_after_seconds(2));
    assert_eq!(setting.failure().await, failed(FetchProblem::Status(404)));
    assert_eq!(server.asked(), [OAUTH, OPENID]);
}

#[tokio::test]
async fn a_jwks_uri_in_the_configuration_needs_no_metadata() {
    let server = Server::start(|_| Reply::json(jwks(&["k1"]))).await;
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let mut setting = Setting::new(issuer);
    assert!(setting.fetch(None).await.unwrap().has_kid("k1"));
    assert_eq!(setting.event().await, Event::Fetched);
    assert_eq!(server.asked(), ["/jwks"]);
}

#[tokio::test]
async fn metadata_that_lie_lead_nowhere() {
    let keys = Server::start(|_| Reply::json(jwks(&["k1"]))).await;
    let uri = keys.at("/jwks");
    let server = Server::start(|_| Reply::Silence).await;
    let issuer = server.at("/t1");
    let elsewhere = uri.replace("127.0.0.1", "192.0.2.1");
    let duplicate = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}","jwks_uri":"{uri}"}}"#);
    let padding = "x".repeat(70_000);
    let large = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}","x":"{padding}"}}"#);
    let table = [
        (
            metadata("https://evil.example", &uri),
            FetchProblem::OtherIssuer,
        ),
        (
            metadata(&format!("{issuer}/"), &uri),
            FetchProblem::OtherIssuer,
        ),
        (metadata(&issuer, &elsewhere), FetchProblem::JwksUri),
        (
            metadata(&issuer, "file:///etc/passwd"),
            FetchProblem::JwksUri,
        ),
        (Reply::json(duplicate), FetchProblem::Metadata),
        (Reply::json(large), FetchProblem::TooLarge(65_536)),
        (Reply::json("[]"), FetchProblem::Metadata),
        (
            Reply::of("200 OK", "content-type: text/html\r\n", "{}"),
            FetchProblem::ContentType,
        ),
        (
            Reply::redirect(&keys.at("/metadata")),
            FetchProblem::Redirect,
        ),
    ];
    for (reply, problem) in table {
        server.now(move |_| reply.clone());
        let mut setting = Setting::new(IssuerConfig::new(&issuer));
        assert!(setting.fetch(None).await.is_err());
        assert_eq!(setting.failure().await, failed(problem));
    }
    assert_eq!(keys.asked(), [""; 0]);
}

#[tokio::test]
async fn readiness_fetches_what_is_missing() {
    let server = Server::start(|_| Reply::json(jwks(&["k1"]))).await;
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let mut setting = Setting::new(issuer);
    assert_eq!(server.asked(), [""; 0]);
    assert!(!setting.keys.is_ready());
    assert!(!setting.keys.is_ready());
    assert_eq!(setting.event().await, Event::Fetched);
    assert!(setting.keys.is_ready());
    assert_eq!(server.asked(), ["/jwks"]);
}

#[tokio::test]
async fn each_issuer_has_its_own_keys() {
    let server = Server::start(|path| Reply::json(jwks(&[path.trim_start_matches('/')]))).await;
    let config = FapiConfig::builder("https://api.example.com")
        .dangerous_allow_http_loopback()
        .issuer(IssuerConfig::new("https://a.example").jwks(jwks(&["inline"])))
        .issuer(IssuerConfig::new("https://b.example").jwks_uri(server.at("/b")))
        .issuer(IssuerConfig::new("https://c.example").jwks_uri(server.at("/c")))
        .build()
        .unwrap();
    let keys = ConfiguredKeys::new(&config).unwrap();
    assert!(keys.known("https://a.example").unwrap().has_kid("inline"));
    assert!(keys.known("https://b.example").is_none());
    for (issuer, kid) in [("https://b.example", "b"), ("https://c.example", "c")] {
        let Answer::Later(answer) = keys.fetch(KeysQuery { issuer, kid: None }) else {
            panic!("nothing is fetched yet");
        };
        assert!(answer.await.unwrap().has_kid(kid));
    }
    assert!(!keys.known("https://b.example").unwrap().has_kid("c"));
    // An inline set is all there is, and a stranger has none.
    let query = KeysQuery {
        issuer: "https://a.example",
        kid: Some("other"),
    };
    assert!(matches!(keys.fetch(query), Answer::Now(Ok(_))));
    let query = KeysQuery {
        issuer: "https://d.example",
        kid: None,
    };
    assert!(matches!(keys.fetch(query), Answer::Now(Err(_))));
    assert_eq!(server.asked(), ["/b", "/c"]);
}

#[test]
fn nothing_is_fetched_outside_a_runtime() {
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri("http://127.0.0.1:9/jwks");
    let setting = Setting::new(issuer);
    assert!(!setting.keys.is_ready());
    assert!(setting.known().is_none());
    assert!(matches!(setting.ask(None), Answer::Later(_)));
}

#[test]
fn an_answer_asked_for_outside_a_runtime_is_fetched_inside() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(|_| Reply::json(jwks(&["k1"]))));
    let issuer = IssuerConfig::new("https://as.example.com").jwks_uri(server.at("/jwks"));
    let setting = Setting::new(issuer);
    let Answer::Later(answer) = setting.ask(None) else {
        panic!("nothing is fetched yet");
    };
    assert!(runtime.block_on(answer).unwrap().has_kid("k1"));
}

#[test]
fn inline_sets_that_cannot_be_read_are_named() {
    let config = FapiConfig::builder("https://api.example.com")
        .issuer(IssuerConfig::new("https://a.example"))
        .issuer(IssuerConfig::new("https://b.example").jwks(r#"{"keys":[]}"#))
        .build()
        .unwrap();
    let error = ConfiguredKeys::new(&config).unwrap_err();
    assert_eq!(error.path(), "issuers[1].jwks");
    assert_eq!(error.kind(), ConfigErrorKind::Invalid);
}

/// "N28": a test of this file again, in a process whose environment names a proxy that is not there.
#[test]
fn the_environments_proxy_plays_no_part() {
    let nowhere = "http://127.0.0.1:1";
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "discovery::oauth_metadata_come_first"])
        .envs([
            ("http_proxy", nowhere),
            ("HTTP_PROXY", nowhere),
            ("ALL_PROXY", nowhere),
        ])
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let output = String::from_utf8(status.stdout).unwrap();
    assert!(output.contains("1 passed"), "{output}");
}

fn failed(problem: FetchProblem) -> FetchError {
    FetchError {
        document: Document::Metadata,
        problem,
    }
}
