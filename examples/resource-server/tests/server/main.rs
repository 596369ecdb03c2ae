//! Tests of the built binary.

mod foreign_client;
mod process;
mod start_and_stop;
mod strangers;
