//! Vectors and end-to-end tests: what needs more than one crate.
