//! The built program.

use std::process::Command;

#[test]
fn every_request_is_judged_rightly() {
    let output = Command::new(env!("CARGO_BIN_EXE_example-quickstart"))
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();

    assert_eq!(output.status.code(), Some(0), "{table}");
    let mut lines = table.lines();
    for start in ["issuer  http://127.0.0.1:", "API     http://127.0.0.1:"] {
        assert!(lines.next().unwrap().starts_with(start), "{table}");
    }
    assert_eq!(
        lines.next(),
        Some("token   issued: token_type DPoP, expires_in 300")
    );
    assert!(table.ends_with(" judged rightly\n"), "{table}");
    assert!(!table.contains("WRONG"), "{table}");
    assert!(output.stderr.is_empty());
}
