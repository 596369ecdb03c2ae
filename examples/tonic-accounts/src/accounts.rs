//! `accounts.v1`: the messages by hand, client and server as `build.rs` makes them.

/// Asks for the caller's account.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetRequest {}

/// An account.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Account {
    /// Whose it is.
    #[prost(string, tag = "1")]
    pub owner: String,
    /// In cents.
    #[prost(int64, tag = "2")]
    pub balance: i64,
}

pub use generated::{accounts_client, accounts_server};

mod generated {
    #![allow(
        clippy::allow_attributes_without_reason,
        clippy::unwrap_used,
        missing_docs,
        reason = "tonic-build wrote it"
    )]

    include!(concat!(env!("OUT_DIR"), "/accounts.v1.Accounts.rs"));
}
