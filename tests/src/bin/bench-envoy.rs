//! What `cargo xtask bench-envoy` runs: `bench-envoy REQUESTS ROUNDS`.
#![expect(clippy::expect_used, reason = "a failure here is a failed benchmark")]

use std::env;
use std::process::{self, Command};

use fapi_tests::envoy::bench::{self, Plan};

fn main() {
    let mut arguments = env::args().skip(1).map(|number| number.parse::<usize>());
    let mut number = || {
        arguments
            .next()
            .and_then(Result::ok)
            .expect("REQUESTS ROUNDS")
    };
    let plan = Plan {
        requests: number(),
        rounds: number(),
    };
    leave_first_core();
    println!("{}", bench::run(plan));
}

/// The first core is Envoy's.
fn leave_first_core() {
    let pinned = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", "1"])
        .arg(process::id().to_string())
        .output()
        .expect("the program `taskset` (util-linux)");
    assert!(
        pinned.status.success(),
        "a second processor core: {pinned:?}"
    );
}
