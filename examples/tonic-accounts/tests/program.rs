//! The built program.

use std::process::Command;

#[test]
fn every_call_is_judged_rightly() {
    let output = Command::new(env!("CARGO_BIN_EXE_example-tonic-accounts"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();

    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.ends_with("10 of 10 judged rightly\n"), "{text}");
    assert!(!text.contains("WRONG"), "{text}");
    assert!(text.contains("grpc-status: 16 (Unauthenticated)\n"));
    assert!(output.stderr.is_empty());
}
