//! The built program.

use std::process::Command;

#[test]
fn every_request_is_judged_rightly() {
    let output = Command::new(env!("CARGO_BIN_EXE_example-mtls-accounts"))
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();

    assert_eq!(output.status.code(), Some(0), "{table}{errors}");
    assert!(errors.is_empty(), "{errors}");
    assert!(!table.contains("WRONG"), "{table}");
    assert!(table.ends_with("\n11 of 11 judged rightly\n"), "{table}");
    for (sent, status) in [
        ("Alice's token, her certificate ", "200"),
        ("Alice's token, Mallory's certificate ", "401"),
        ("Alice's token, no certificate ", "401"),
    ] {
        let line = table.lines().find(|line| line.starts_with(sent)).unwrap();
        assert_eq!(line.split_whitespace().rev().nth(1), Some(status), "{line}");
    }
}
