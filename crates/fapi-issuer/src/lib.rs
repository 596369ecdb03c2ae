//! A small FAPI 2.0 authorization server.
