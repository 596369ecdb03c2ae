//! What `cargo xtask bench-issuer` runs: `bench-issuer PROGRAM FOLDER REQUESTS ROUNDS`.
#![expect(clippy::expect_used, reason = "a failure here is a failed benchmark")]

use std::env;

use fapi_tests::bench::issuer::{self, Plan};
use fapi_tests::bench::leave_server_core;

fn main() {
    const ARGUMENTS: &str = "PROGRAM FOLDER REQUESTS ROUNDS";

    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().expect(ARGUMENTS);
    let plan = Plan {
        program: next().into(),
        folder: next().into(),
        requests: next().parse().expect(ARGUMENTS),
        rounds: next().parse().expect(ARGUMENTS),
    };
    leave_server_core();
    println!("{}", issuer::run(&plan));
}
