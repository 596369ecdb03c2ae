//! The built program.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_example-prometheus-metrics"))
}

#[test]
fn what_was_sent_is_what_is_counted() {
    let output = program().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();

    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("API      http://127.0.0.1:"), "{text}");
    for line in [
        r#"fapi_decisions_total{decision="accepted",reason="none"} 3"#,
        r#"fapi_decisions_total{decision="refused",reason="proof_replayed"} 1"#,
        r#"fapi_verification_seconds_bucket{decision="accepted",le="+Inf"} 3"#,
        "fapi_replay_capacity 4000000",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(!text.contains("WRONG"), "{text}");
    assert!(output.stderr.is_empty());
}

#[test]
fn it_goes_on_serving_if_told_to() {
    let mut running = program()
        .arg("--serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let serving = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("serving"));
    let ended = running.try_wait().unwrap();
    running.kill().unwrap();
    running.wait().unwrap();

    assert!(serving.is_some());
    assert_eq!(ended, None);
}

#[test]
fn other_arguments_are_refused() {
    let output = program().arg("--server").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert!(text.starts_with("usage: "), "{text}");
}
