//! The built program: its configuration errors, `dev`, and how it stops.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use fapi_core::config::Config as ResourceServerConfig;
use fapi_core::jose::Algorithm;
use fapi_crypto::SigningKey;
use serde_json::{Value, json};

/// A running program, killed at the end of the test if it still runs.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = program(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The address that the first line tells.
    fn address(&mut self) -> String {
        let line = self.line();
        line.strip_prefix("listening on http://")
            .unwrap()
            .to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fapi-issuer"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A file of this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn get(address: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_wrong_document_ends_with_2_and_one_line() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwks = json!({ "keys": [key.public_jwk()] });
    let private = json!({ "keys": [key.to_private_jwk().unwrap()] });
    let client = |members: Value| {
        let mut client =
            json!({ "client_id": "c", "jwks": jwks, "audiences": ["https://api.example.com"] });
        client
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        json!({ "clients": [client] })
    };
    let server = |members: Value| {
        let mut server =
            json!({ "client_id": "s", "jwks": jwks, "resource": "https://api.example.com" });
        server
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let mut document = client(json!({}));
        document["resource_servers"] = json!([server]);
        document
    };
    let rows = [
        (json!({ "isuer": "x" }), "isuer: unknown member"),
        (
            json!({ "issuer": "http://as.example.com" }),
            "issuer: must be https",
        ),
        (json!({ "issuer": 7 }), "issuer: must be a string"),
        (json!({ "listen": "nowhere" }), "listen: "),
        (
            json!({ "access_token_lifetime_seconds": 0 }),
            "access_token_lifetime_seconds: must be between",
        ),
        (
            json!({ "interaction_lifetime_seconds": 3601 }),
            "interaction_lifetime_seconds: must be between",
        ),
        (
            json!({ "token_capacity": 0 }),
            "token_capacity: must be between",
        ),
        (
            json!({ "default_audience": "" }),
            "default_audience: must not be empty",
        ),
        (
            json!({ "dpop": { "max_age_seconds": 0 } }),
            "dpop.max_age_seconds: must be between",
        ),
        (
            json!({ "dpop": { "required": false } }),
            "dpop.required: must be true",
        ),
        (
            json!({ "dpop": { "replay": { "store": "redis" } } }),
            "dpop.replay.store: not supported yet",
        ),
        (json!({ "dpop": [] }), "dpop: must be an object"),
        (
            json!({ "signing_keys": [{ "kty": "oct", "k": "AA" }] }),
            "signing_keys[0]: ",
        ),
        (
            json!({ "signing_keys": [{ "file": "/nonexistent" }] }),
            "signing_keys[0]: cannot read /nonexistent",
        ),
        (
            json!({ "signing_keys": [{ "env": "FAPI_ISSUER_NO_SUCH" }] }),
            "signing_keys[0]: the environment has no",
        ),
        (
            json!({ "signing_keys": [key.to_private_jwk().unwrap(), key.to_private_jwk().unwrap()] }),
            "signing_keys[1]: has the `kid` of an earlier key",
        ),
        (
            client(json!({ "client_id": "" })),
            "clients[0].client_id: must not be empty",
        ),
        (
            client(json!({ "jwks": {} })),
            "clients[0].jwks: not a JWK set",
        ),
        (
            client(json!({ "jwks": private })),
            "clients[0].jwks: the key set holds a private",
        ),
        (
            client(json!({ "scope": "a  b" })),
            "clients[0].scope: must be scope values",
        ),
        (
            client(json!({ "audiences": [] })),
            "clients[0].audiences: needed without",
        ),
        (
            client(json!({ "secret": "s" })),
            "clients[0].secret: unknown member",
        ),
        (
            client(json!({ "access_token_format": "paseto" })),
            "clients[0].access_token_format: ",
        ),
        (
            server(json!({ "client_id": "\n" })),
            "resource_servers[0].client_id: must not be empty",
        ),
        (
            server(json!({ "client_id": "c" })),
            "resource_servers[0].client_id: is a client's",
        ),
        (
            server(json!({ "jwks": {} })),
            "resource_servers[0].jwks: not a JWK set",
        ),
        (
            server(json!({ "resource": "" })),
            "resource_servers[0].resource: must not be empty",
        ),
        (
            server(json!({ "audiences": ["a", ""] })),
            "resource_servers[0].audiences[1]: must not be empty",
        ),
        (
            server(json!({ "introspection_response": "encrypted" })),
            "resource_servers[0].introspection_response: ",
        ),
        (
            server(json!({ "scope": "a" })),
            "resource_servers[0].scope: unknown member",
        ),
    ];
    for (place, (members, expected)) in rows.into_iter().enumerate() {
        let mut document = json!({ "issuer": "https://as.example.com" });
        document
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let path = file(&format!("wrong-{place}.json"), &document.to_string());
        let output = program(&[
            "--config",
            path.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ])
        .output()
        .unwrap();
        assert_eq!(output.status.code(), Some(2), "{document}");
        let errors = String::from_utf8(output.stderr).unwrap();
        let line = errors.strip_prefix("fapi-issuer: configuration: ");
        let line = line
            .and_then(|line| line.strip_suffix('\n'))
            .unwrap_or_default();
        assert!(
            line.starts_with(expected) && !line.contains('\n'),
            "{errors}"
        );
        assert!(output.stdout.is_empty());
    }
    for arguments in [
        &["--config", "/nonexistent"][..],
        &[],
        &["--listen", "127.0.0.1:0"],
    ] {
        let output = program(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_document_is_served() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let private = key.to_private_jwk().unwrap();
    let key_file = file("signing-key.json", &format!("{private}\n"));
    let document = json!({
        "issuer": "https://as.example.com/tenant",
        "listen": "127.0.0.1:0",
        "signing_keys": [{ "file": key_file }],
        "clients": [{ "client_id": "c", "jwks": { "keys": [key.public_jwk()] }, "scope": "a" }],
        "default_audience": "https://api.example.com",
        "dpop": { "nonce": { "mode": "required" } },
    });
    let path = file("good.json", &document.to_string());
    let mut program = Program::start(&["--config", path.to_str().unwrap()]);
    let address = program.address();
    let metadata = get(&address, "/.well-known/oauth-authorization-server/tenant");
    assert_eq!(metadata["issuer"], "https://as.example.com/tenant");
    let jwks = get(&address, "/tenant/jwks");
    assert_eq!(jwks, json!({ "keys": [key.public_jwk()] }));
}

#[test]
fn dev_prints_what_a_developer_needs() {
    let mut program = Program::start(&["dev"]);
    let address = program.address();
    assert_eq!(program.line(), "client_id: dev-client");
    let key = program.line();
    let key = SigningKey::from_jwk_json(key.strip_prefix("client key: ").unwrap()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es256);
    assert!(
        program
            .line()
            .starts_with("configuration of a resource server")
    );
    let config = ResourceServerConfig::from_json(&program.line()).unwrap();
    assert_eq!(config.issuers[0].issuer, format!("http://{address}"));
    let jwks: Value =
        serde_json::from_str(config.issuers[0].jwks.as_ref().unwrap().as_json()).unwrap();
    assert_eq!(jwks, get(&address, "/jwks"));
    let metadata = get(&address, "/.well-known/oauth-authorization-server");
    assert_eq!(
        metadata["token_endpoint"],
        format!("http://{address}/token")
    );
}

#[test]
fn dev_writes_the_client_key_for_its_owner_only() {
    let path = file("client-key.json", "something longer than nothing");
    let mut program = Program::start(&["dev", "--client-key", path.to_str().unwrap()]);
    program.address();
    program.line();
    assert_eq!(
        program.line(),
        format!("client key: written to {}", path.display())
    );
    SigningKey::from_jwk_json(&std::fs::read_to_string(&path).unwrap()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn dev_stays_on_loopback() {
    let output = program(&["dev", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("issuer: must be https"), "{errors}");
}

#[cfg(unix)]
#[test]
fn it_stops_when_told() {
    for signal in ["-INT", "-TERM"] {
        let mut program = Program::start(&["dev"]);
        let address = program.address();
        get(&address, "/jwks");
        let id = program.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        assert_eq!(program.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// Certificate and key for a server, in files with this prefix.
fn server_files(prefix: &str) -> (PathBuf, PathBuf) {
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (
        file(&format!("{prefix}.pem"), &identity.cert.pem()),
        file(
            &format!("{prefix}.key"),
            &identity.signing_key.serialize_pem(),
        ),
    )
}

#[cfg(unix)]
#[test]
fn on_a_hangup_the_certificate_is_read_again() {
    let (certificate, key) = server_files("hangup");
    let document = json!({
        "issuer": "https://as.example.com",
        "listen": "127.0.0.1:0",
        "tls": { "certificate": certificate, "key": key },
        "mtls": { "origin": "https://mtls.as.example.com", "listen": "127.0.0.1:0" },
    });
    let config = file("hangup.json", &document.to_string());
    let config = config.to_str().unwrap();
    let mut program = Program::start(&["--config", config, "--log-format", "json"]);
    let mut log = BufReader::new(program.child.stderr.take().unwrap());
    assert!(
        program
            .line()
            .starts_with("listening on https://127.0.0.1:")
    );
    let second = program.line();
    assert!(
        second.ends_with(" for clients with certificates"),
        "{second}"
    );
    let id = program.child.id().to_string();
    let mut after_hangup = || -> Value {
        let sent = Command::new("kill").args(["-HUP", &id]).status().unwrap();
        assert!(sent.success());
        // What was said at the start comes first.
        loop {
            let mut line = String::new();
            log.read_line(&mut line).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            let fields = line["fields"].clone();
            let message = fields["message"].as_str().unwrap();
            if message.starts_with("the certificate") {
                return fields;
            }
        }
    };
    server_files("hangup");
    assert_eq!(after_hangup()["message"], "the certificate was read again");
    std::fs::write(&key, "no key").unwrap();
    let fields = after_hangup();
    assert_eq!(fields["message"], "the certificate stays as it was");
    let error = fields["error"].as_str().unwrap();
    assert!(error.contains("tls.key"), "{error}");
}

#[test]
fn a_configuration_can_be_checked() {
    let (certificate, key) = server_files("check");
    let database = fresh_database("check.db");
    let document = |key| {
        json!({
            "issuer": "https://as.example.com/tenant",
            "listen": "192.0.2.1:443",
            "tls": { "certificate": certificate, "key": key },
            "storage": { "sqlite": { "path": database } },
        })
    };
    let config = file("check.json", &document(&key).to_string());
    let config = config.to_str().unwrap();
    let (status, out, errors) = run(&["check-config", "--config", config]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        out.starts_with("issuer: https://as.example.com/tenant\n"),
        "{out}"
    );
    assert_eq!(errors, "warning: rate_limits: none\n");
    // The database of a running server is left alone.
    assert_eq!(std::fs::metadata(&database).map_or(0, |file| file.len()), 0);

    file("check.json", &document(&certificate).to_string());
    let (status, out, errors) = run(&["check-config", "--config", config]);
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert!(errors.contains("tls.key: "), "{errors}");

    let bare = json!({
        "issuer": "https://as.example.com",
        "listen": "192.0.2.1:80",
        "allow_http_loopback": true,
    });
    file("check.json", &bare.to_string());
    let (status, _, errors) = run(&["check-config", "--config", config]);
    assert_eq!(status, Some(0), "{errors}");
    for field in ["storage", "tls", "rate_limits", "allow_http_loopback"] {
        assert!(errors.contains(&format!("warning: {field}: ")), "{errors}");
    }
}

/// What the program says, and how it ends.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = program(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The path of a database that does not exist yet.
fn fresh_database(name: &str) -> PathBuf {
    let database = file(name, "");
    for old in [&database, &database.with_extension("db-wal")] {
        // From a run before.
        let _ = std::fs::remove_file(old);
    }
    database
}

#[test]
fn clients_come_and_go_while_the_server_runs() {
    let database = fresh_database("clients.db");
    let config = json!({
        "issuer": "https://as.example.com",
        "listen": "127.0.0.1:0",
        "default_audience": "https://api.example.com",
        "storage": { "sqlite": { "path": database } },
    });
    let config = file("clients.json", &config.to_string());
    let config = config.to_str().unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let client = |scope: &str| {
        let jwks = json!({ "keys": [key.public_jwk()] });
        let client = json!({ "client_id": "new", "jwks": jwks, "scope": scope });
        let path = file("client.json", &client.to_string());
        path.to_str().unwrap().to_owned()
    };
    let add = |path: &str| run(&["client", "add", "--config", config, "--client", path]);
    let mut server = Program::start(&["--config", config]);
    let address = server.address();
    let is_client = || {
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let header = json!({ "alg": "ES256", "kid": key.kid() });
        let claims = json!({
            "iss": "new", "sub": "new", "aud": "https://as.example.com", "exp": now + 60,
            "jti": format!("{:?}", std::time::Instant::now()),
        });
        let assertion = key
            .sign_compact(&header.to_string(), claims.to_string().as_bytes())
            .unwrap();
        let form = format!(
            "token=x&client_assertion={assertion}&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST /revoke HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.starts_with("HTTP/1.1 200 ")
    };
    assert!(!is_client());
    let added = add(&client("a"));
    assert_eq!(
        (added.0, added.1.as_str()),
        (Some(0), "added new\n"),
        "{}",
        added.2
    );
    assert!(is_client());
    let taken = add(&client("b"));
    assert_eq!(taken.0, Some(2), "{}", taken.2);
    assert!(
        taken.2.contains("there is a client of this name"),
        "{}",
        taken.2
    );
    let path = client("b");
    let replace = [
        "client",
        "add",
        "--replace",
        "--config",
        config,
        "--client",
        &path,
    ];
    assert_eq!(run(&replace).1, "changed new\n");
    let list = run(&["client", "list", "--config", config]).1;
    let listed: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(listed["scope"], "b");
    let remove = || run(&["client", "remove", "--config", config, "new"]);
    assert_eq!(remove().1, "removed new\n");
    assert!(!is_client());
    assert_eq!(remove().0, Some(2));
    assert_eq!(run(&["client", "list", "--config", config]).1, "");
}

#[test]
fn keys_of_the_storage_are_exchanged_and_withdrawn() {
    let database = fresh_database("keys.db");
    let mut document = json!({
        "issuer": "https://as.example.com",
        "default_audience": "https://api.example.com",
        "storage": { "sqlite": { "path": database } },
    });
    let config = file("keys.json", &document.to_string());
    let config = config.to_str().unwrap();
    let list = || -> Vec<Value> {
        let (code, lines, said) = run(&["keys", "list", "--config", config]);
        assert_eq!(code, Some(0), "{said}");
        let lines = lines.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let states = |keys: &[Value]| -> Vec<String> {
        let states = keys.iter().map(|key| key["state"].as_str().unwrap());
        states.map(str::to_owned).collect()
    };
    let first = list();
    assert_eq!(states(&first), ["signs"]);
    assert_eq!(first[0]["alg"], "ES256");
    assert_eq!(first[0].get("d"), None);
    let (code, said, _) = run(&["keys", "rotate", "--config", config, "--alg", "ES256"]);
    assert_eq!(code, Some(0));
    let both = list();
    assert_eq!(states(&both), ["signs", "announced"]);
    assert_eq!(both[0], first[0]);
    assert!(said.contains(both[1]["kid"].as_str().unwrap()), "{said}");
    let stolen = both[0]["kid"].as_str().unwrap();
    let withdraw = || run(&["keys", "withdraw", "--config", config, stolen]);
    assert_eq!(withdraw().1, format!("withdrew {stolen}\n"));
    let left = list();
    assert_eq!(states(&left), ["signs", "announced"]);
    assert_ne!(left[0]["kid"], *stolen);
    assert_eq!(left[1], both[1]);
    assert_eq!(withdraw().0, Some(2));
    assert_eq!(
        run(&["keys", "rotate", "--config", config, "--alg", "PS256"]).0,
        Some(2)
    );

    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    document["signing_keys"] = json!([key.to_private_jwk().unwrap()]);
    let config = file("keys-configured.json", &document.to_string());
    let (code, _, said) = run(&["keys", "list", "--config", config.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(said.contains("configuration: signing_keys: "), "{said}");
}

#[test]
fn a_client_that_nothing_would_keep_is_refused() {
    let config = file("memory.json", r#"{ "issuer": "https://as.example.com" }"#);
    let (code, _, said) = run(&["client", "list", "--config", config.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("configuration: storage: is in memory"),
        "{said}"
    );
}
