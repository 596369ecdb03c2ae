//! The `htu` comparison.
