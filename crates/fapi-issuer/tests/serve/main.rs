//! The issuer behind its own server, over TLS.

mod authentication;
mod certificates;
mod connections;
mod limits;
mod scene;
