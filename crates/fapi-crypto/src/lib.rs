//! aws-lc-rs behind fapi-core.
