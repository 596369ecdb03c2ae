//! The page on observability is complete.

use tower_fapi::Reason;

const PAGE: &str = include_str!("../../docs/observability.md");

#[test]
fn every_reason_has_its_row() {
    for reason in Reason::ALL {
        let row = format!("| `{}` |", reason.code());
        let rows = PAGE.lines().filter(|line| line.starts_with(&row)).count();
        assert_eq!(rows, 1, "{reason}");
    }
}
