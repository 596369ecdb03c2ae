//! What `cargo xtask bench-envoy` runs: `bench-envoy REQUESTS ROUNDS`.
#![expect(clippy::expect_used, reason = "a failure here is a failed benchmark")]

use std::env;

use fapi_tests::bench::leave_server_core;
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
    leave_server_core();
    println!("{}", bench::run(plan));
}
