//! No room on the disk.

use std::process::Command;

use fapi_core::jose::Algorithm;
use serde_json::json;

use crate::harness::{Caller, key};
use crate::site::{Asked, Program, Site, Told};

/// A limit on the size of files stands for the end of the disk; with the signal ignored, a write that goes beyond fails.
const IGNORE_SIGNAL: &str = r#"trap "" XFSZ; exec "$@""#;

#[tokio::test]
async fn a_full_disk_refuses_until_there_is_room() {
    let site = Site::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", IGNORE_SIGNAL, "sh", env!("CARGO_BIN_EXE_fapi-issuer")]);
    let program = site.spawn(&mut shell);
    let caller = site.caller(&program);
    let first = ask(&caller).await;
    assert_eq!(first.status, 200, "{first:?}");

    let log = std::fs::metadata(site.file("issuer.db-wal")).unwrap().len();
    limit(&program, &log.to_string());
    for _ in 0..5 {
        let refused = ask(&caller).await;
        assert_eq!(
            (refused.status, &*refused.error),
            (503, "temporarily_unavailable")
        );
        assert_eq!(refused.token, "");
    }
    // What needs no storage goes on.
    assert_eq!(caller.get("/jwks").await.status, 200);

    limit(&program, "unlimited");
    let again = ask(&caller).await;
    assert_eq!(again.status, 200, "{again:?}");
    for token in [&first.token, &again.token] {
        assert!(site.is_active(&caller, token).await);
    }
}

async fn ask(caller: &Caller) -> Told {
    let fields = json!({ "grant_type": "client_credentials" });
    let asked = Asked::new(caller, &key(Algorithm::Es256), &fields);
    asked.send(caller).await.unwrap()
}

/// Files of the program may become so many bytes long.
fn limit(program: &Program, bytes: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &program.id().to_string()])
        .arg(format!("--fsize={bytes}:"))
        .status()
        .expect("prlimit is needed: it is part of Debian's `util-linux`");
    assert!(status.success());
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let rows = [
        ("/nonexistent/issuer.db", "No such file or directory"),
        (env!("CARGO_MANIFEST_DIR"), "Is a directory"),
        (
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            "file is not a database",
        ),
    ];
    for (path, problem) in rows {
        let site = Site::with(|_| json!({ "sqlite": { "path": path } }));
        let output = Command::new(env!("CARGO_BIN_EXE_fapi-issuer"))
            .arg("--config")
            .arg(site.file("config.json"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8(output.stderr).unwrap();
        let expected = format!(
            "fapi-issuer: configuration: storage.sqlite.path: cannot use {path}: {problem}"
        );
        assert!(errors.starts_with(&expected), "{errors}");
    }
}
