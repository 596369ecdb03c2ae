//! A gRPC service, made with tonic, behind `FapiLayer`; a client that proves that its token is its own; and calls that
//! are refused. The program runs them one after another:
//!
//! ```text
//! cargo run -p example-tonic-accounts
//! ```

pub mod accounts;
pub mod cases;
pub mod credentials;
pub mod outcome;
pub mod scene;
pub mod server;
pub mod service;
