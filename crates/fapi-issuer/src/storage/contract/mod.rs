//! What every backend promises: the same tests for each of them.

mod expiry;
mod once;
