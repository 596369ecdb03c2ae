//! Tokens and proofs that an independent implementation made: Python's joserfc.
//!
//! Needs `python3` with the module `venv`, which `cargo xtask install` sees to, and the package registry the first
//! time. What it installs stays in the target folder, so that later runs need no network.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::process::{Server, client, write_document};

#[tokio::test]
async fn tokens_and_proofs_of_another_implementation_are_judged_rightly() {
    let mut foreign = ForeignClient::start();
    let server = Server::start(&write_document(
        "foreign.json",
        &config(&foreign.next()).to_string(),
    ));
    foreign.go_on();
    let http = client();

    for expected_alg in ["ES256", "PS256", "EdDSA", "Ed25519"] {
        let request = foreign.next();
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
struct ForeignClient {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl ForeignClient {
    fn start() -> Self {
        let mut child = Command::new(python())
            .args(["-W", "ignore"])
            .arg(sources().join("foreign_client.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    /// What the script prints next.
    fn next(&mut self) -> Value {
        let line = self.output.next().expect("the script goes on").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Lets the script make its proofs: the server has to be there first, since it refuses older ones.
    fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }
}

impl Drop for ForeignClient {
    fn drop(&mut self) {
        // Both fail only if the script has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A Python that has the packages of requirements.txt.
fn python() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-client");
    let python = environment.join("bin/python");
    let wanted = sources().join("requirements.txt");
    let installed = environment.join("requirements.txt");
    let up_to_date = fs::read(&installed).is_ok_and(|list| list == fs::read(&wanted).unwrap());
    if !(up_to_date && runs(Command::new(&python).args(["-c", "import joserfc"])).is_ok()) {
        must_run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
        );
        must_run(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--requirement"])
                .arg(&wanted),
        );
        fs::copy(&wanted, &installed).unwrap();
    }
    python
}

fn must_run(command: &mut Command) {
    if let Err(problem) = runs(command) {
        panic!(
            "{problem}\nThis test needs python3 with its module venv (`cargo xtask install`) and, the first time, \
             the package registry."
        );
    }
}

fn runs(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?}: {}\n{stderr}", output.status))
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server")
}
