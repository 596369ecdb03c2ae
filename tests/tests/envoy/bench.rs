//! `cargo xtask bench-envoy` measures what it is meant to.

use fapi_tests::envoy::bench::{self, Plan};

/// No speed is asserted: other tests run at the same time.
#[test]
fn every_row_of_the_benchmark_is_answered_200() {
    let plan = Plan {
        requests: 200,
        rounds: 1,
    };

    let table = bench::run(plan).to_string();

    let rows = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("NaN"));
    // The rows, and the head.
    assert_eq!(rows.count(), 8 + 1, "{table}");
}
