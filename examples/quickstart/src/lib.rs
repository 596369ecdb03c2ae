//! The parts of this example that know the API by its URL alone: a client, a thief, their requests, and the table. The
//! Envoy example sends the same requests through Envoy.

pub mod cases;
pub mod client;
pub mod discovery;
pub mod scene;
pub mod table;
pub mod verdict;
