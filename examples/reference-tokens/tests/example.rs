//! The built program.

use std::process::Command;

#[test]
fn every_request_is_judged_rightly() {
    let output = Command::new(env!("CARGO_BIN_EXE_example-reference-tokens"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();

    assert_eq!(output.status.code(), Some(0), "{text}");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("GET /accounts with"))
        .skip(1)
        .map(|line| line.split_at(40).1.split_whitespace().collect())
        .collect();
    let expected = [
        ["200", "-", "1"],
        ["401", "invalid_dpop_proof", "1"],
        ["401", "invalid_token", "1"],
        ["401", "invalid_token", "0"],
        ["503", "-", "0"],
        ["200", "-", "1"],
    ];
    assert_eq!(rows, expected, "{text}");
    assert!(text.contains("token   rt_"), "{text}");
    assert!(output.stderr.is_empty());
}
