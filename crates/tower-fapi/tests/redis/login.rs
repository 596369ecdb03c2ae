//! Users, passwords, certificates.

use std::process::Command;

use fapi_core::ReplayOutcome;
use fapi_core::config::{RedisTls, Secret};
use tower_fapi::{RedisProblem, RedisReplayStore};

use crate::server::{Server, free_port};
use crate::store::{NOW, outcome, patient, store};

#[tokio::test]
async fn a_password_is_needed_and_checked() {
    let server = Server::start(&["--requirepass", "right"]);
    let with = |password: &str| {
        let mut config = patient(&server.url());
        config.password = Some(Secret::Inline(password.to_owned()));
        RedisReplayStore::new(&config).unwrap()
    };

    assert_eq!(outcome(&with("right"), "a").await, Ok(ReplayOutcome::Fresh));
    for store in [with("wrong-secret"), store(&server.url())] {
        let problem = store.ready(NOW).await.unwrap_err();
        assert!(matches!(problem, RedisProblem::Login { .. }), "{problem:?}");
        let message = problem.to_string();
        assert!(message.contains("redis.password"), "{message}");
        assert!(!message.contains("wrong-secret"), "{message}");
        assert!(outcome(&store, "b").await.is_err());
    }
}

#[tokio::test]
async fn a_user_needs_the_documented_rights_and_no_more() {
    let server = Server::start(&[]);
    let user = |name: &str, rights: &[&str]| {
        let mut command = vec!["ACL", "SETUSER", name, "on", ">secret"];
        command.extend(rights);
        assert_eq!(server.cli(&command), "OK");
        let mut config = patient(&server.url());
        config.username = Some(name.to_owned());
        config.password = Some(Secret::Inline("secret".to_owned()));
        RedisReplayStore::new(&config).unwrap()
    };

    let documented = ["~fapi:*", "+set", "+get", "+info", "+config|get"];
    let store = user("documented", &documented);
    assert_eq!(store.ready(NOW).await, Ok(()));
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));

    let store = user("blind", &["~fapi:*", "+set", "+get"]);
    assert_eq!(store.ready(NOW).await, Ok(()));
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Seen));

    let store = user("reader", &["~fapi:*", "+get", "+info", "+config|get"]);
    let problem = store.ready(NOW).await.unwrap_err();
    assert!(matches!(problem, RedisProblem::Login { .. }), "{problem:?}");
}

#[tokio::test]
async fn a_server_with_tls_needs_a_certificate_that_we_trust() {
    let directory = std::env::temp_dir().join(format!("tower-fapi-tls-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let authority = |name: &str| {
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &format!("/CN={name}"),
            "-keyout",
            &file(&format!("{name}.key")),
            "-out",
            &file(&format!("{name}.pem")),
        ]);
    };
    authority("ca");
    authority("stranger");
    openssl(&[
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        &file("server.key"),
        "-out",
        &file("server.csr"),
    ]);
    std::fs::write(
        file("names"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    openssl(&[
        "x509",
        "-req",
        "-in",
        &file("server.csr"),
        "-CA",
        &file("ca.pem"),
        "-CAkey",
        &file("ca.key"),
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        &file("names"),
        "-out",
        &file("server.pem"),
    ]);
    let port = free_port();
    let _server = Server::start_on(
        port,
        &[
            "--port",
            "0",
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &file("server.pem"),
            "--tls-key-file",
            &file("server.key"),
            "--tls-ca-cert-file",
            &file("ca.pem"),
            "--tls-auth-clients",
            "yes",
        ],
    );
    let with = |host: &str, ca: &str, client: Option<&str>| {
        let mut tls = RedisTls::default();
        tls.ca = Some(Secret::File(file(ca)));
        if let Some(client) = client {
            tls.client_cert = Some(Secret::File(file(&format!("{client}.pem"))));
            tls.client_key = Some(Secret::File(file(&format!("{client}.key"))));
        }
        let mut config = patient(&format!("rediss://{host}:{port}"));
        config.tls = Some(tls);
        RedisReplayStore::new(&config).unwrap()
    };

    let store = with("localhost", "ca.pem", Some("server"));
    assert_eq!(store.ready(NOW).await, Ok(()));
    assert_eq!(outcome(&store, "a").await, Ok(ReplayOutcome::Fresh));
    for refused in [
        with("localhost", "stranger.pem", Some("server")),
        with("127.0.0.1", "ca.pem", Some("server")),
        with("localhost", "ca.pem", None),
        with("localhost", "ca.pem", Some("stranger")),
    ] {
        let problem = refused.ready(NOW).await.unwrap_err();
        assert!(
            matches!(problem, RedisProblem::Unreachable { .. }),
            "{problem:?}"
        );
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
