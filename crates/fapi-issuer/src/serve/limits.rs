//! What clients cannot exceed.

use std::time::Duration;

/// Connections at a time, on all sockets together.
pub(super) const CONNECTIONS: usize = 10_000;
/// For a TLS handshake.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the head of a request.
pub(super) const HEAD: Duration = Duration::from_secs(10);
/// For a whole request.
pub(super) const REQUEST: Duration = Duration::from_secs(30);
/// For a connection. Those that want more begin another one.
pub(super) const CONNECTION: Duration = Duration::from_secs(300);
/// For what is under way when the server or the connection's time ends.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// After a connection that could not be taken.
pub(super) const PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a request's head.
pub(super) const HEAD_BYTES: usize = 64 * 1024;
/// Requests at a time on a connection of HTTP/2.
pub(super) const STREAMS: u32 = 100;
