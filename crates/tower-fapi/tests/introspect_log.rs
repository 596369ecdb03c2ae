//! What is logged. One test: the subscriber is the process's.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod introspect_support;
#[allow(dead_code, reason = "this process has one subscriber for all threads")]
mod log;

use introspect_support::*;
use log::Log;

/// With everything that the crates below write, too.
#[tokio::test]
async fn o16_the_token_is_in_no_log() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    const CANARY: &str = "rt_canary&7f3d";
    let echo = format!(r#"{{"active":false,"error":"{CANARY}"}}"#);
    let key = signing_key();
    let jwk = key.to_private_jwk().unwrap();
    let mut logged = Vec::new();
    for bytes in [
        json(&echo),
        response("401 Unauthorized", "application/json", &echo),
        response("400 Bad Request", "application/json", &echo),
        response("200 OK", "text/html", &echo),
        format!("HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n").into_bytes(),
        Vec::new(),
    ] {
        let server = Server::always(bytes).await;
        let introspector = introspector(endpoint(&server.origin, &key));
        let _ = ask(&introspector, CANARY).await;
        let received = server.received();
        let assertion = received[0].form()["client_assertion"].clone();
        let text = log.take();
        for secret in ["canary", &assertion, jwk["d"].as_str().unwrap()] {
            assert!(!text.contains(secret), "{text}");
        }
        logged.push(text);
    }
    let gone = introspector(endpoint("http://127.0.0.1:1", &key));
    assert!(ask(&gone, CANARY).await.is_err());
    logged.push(log.take());
    assert!(!logged[6].contains("canary"));

    // The crates below are heard.
    assert!(logged[0].contains("reqwest"), "{}", logged[0]);
    assert!(logged[0].contains("a secret stands in the configuration"));
    let ours = |text: &str| {
        let lines: Vec<_> = text
            .lines()
            .filter(|line| line.contains(" tower_fapi: "))
            .collect();
        lines.join("\n")
    };
    assert_eq!(ours(&logged[0]), "");
    assert!(ours(&logged[1]).contains("ERROR") && ours(&logged[1]).contains("our own credentials"));
    assert!(ours(&logged[1]).contains("401") && ours(&logged[1]).contains(AS));
    assert!(ours(&logged[2]).contains("WARN") && ours(&logged[2]).contains("status 400"));
    assert!(ours(&logged[3]).contains("not the content type"));
    for (number, text) in logged.iter().enumerate().skip(4) {
        // The query of an endpoint's address is nobody's business.
        assert!(!ours(text).contains("v=1"), "{number}: {text}");
        assert!(
            ours(text).contains("no introspection response"),
            "{number}: {text}"
        );
    }
}
