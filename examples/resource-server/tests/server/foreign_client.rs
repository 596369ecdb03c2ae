//! Tokens and proofs that an independent implementation made: Python's joserfc.

use std::path::Path;
use std::process::Command;

use fapi_tests::foreign::{Program, python};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::process::{Server, client, write_document};

#[tokio::test]
async fn tokens_and_proofs_of_another_implementation_are_judged_rightly() {
    let mut foreign = foreign_client();
    let server = Server::start(&write_document(
        "foreign.json",
        &config(&foreign.hear()).to_string(),
    ));
    // The server has to be there before any proof is made, since it refuses older ones.
    foreign.tell(&json!("make the proofs"));
    let http = client();

    for expected_alg in ["ES256", "PS256", "EdDSA", "Ed25519"] {
        let request = foreign.hear();
        let member = |name: &str| request[name].as_str().unwrap().to_owned();
        assert_eq!(member("alg"), expected_alg);
        let authorization = format!("DPoP {}", member("token"));
        let url = server.url(&member("path"));
        let send = |proof| {
            http.post(&url)
                .header(AUTHORIZATION, &authorization)
                .header("DPoP", proof)
                .send()
        };

        let accepted = send(member("proof")).await.unwrap();
        assert_eq!(accepted.status(), StatusCode::OK, "{expected_alg}");
        assert_eq!(
            accepted.json::<Value>().await.unwrap(),
            request["answer"],
            "{expected_alg}"
        );

        for (proof, description) in [
            ("proof", "The DPoP proof was used before"),
            (
                "proof_for_another_token",
                "The DPoP proof is for another access token",
            ),
        ] {
            let refused = send(member(proof)).await.unwrap();
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{expected_alg}");
            let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
            let expected =
                format!(r#"DPoP error="invalid_dpop_proof", error_description="{description}""#);
            assert!(
                challenge.starts_with(&expected),
                "{expected_alg}: {challenge}"
            );
        }
    }
}

fn config(jwks: &Value) -> Value {
    json!({
        "resource": "https://api.example.com",
        "issuers": [{ "issuer": "https://as.example.com", "jwks": jwks }],
    })
}

/// The running script.
fn foreign_client() -> Program {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server");
    let python = python(
        &Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-client"),
        &sources.join("requirements.txt"),
        "joserfc",
    );
    let mut command = Command::new(python);
    command.args(["-W", "ignore"]);
    Program::start(command.arg(sources.join("foreign_client.py")))
}
