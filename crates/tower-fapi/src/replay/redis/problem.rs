//! Why the store cannot be used.

use std::fmt;
use std::time::Duration;

use redis::{ErrorKind, RedisError};

/// Why Redis cannot be used as replay store, for the operator: clients are told 503 and nothing else.
///
/// The text never contains a password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisProblem {
    /// No connection: nothing listens, the certificate is not trusted, the connection broke.
    Unreachable {
        /// What the client library said.
        detail: String,
    },
    /// No connection, or no answer, in time.
    TimedOut {
        /// The time that was allowed.
        allowed: Duration,
    },
    /// The server refused the user, the password, or a command that the user may not use.
    Login {
        /// What the server said.
        detail: String,
    },
    /// The server may drop entries before they expire, and each dropped entry is a proof that can be used again.
    Evicting {
        /// Its `maxmemory-policy`.
        policy: String,
    },
    /// The server is a replica: it takes no writes.
    Replica,
    /// The server refused a command: it is loading its data, demoted, misconfigured, or out of memory.
    Refused {
        /// What the server said.
        detail: String,
    },
    /// The answer makes no sense: something else than Redis, or somebody else's data under our keys.
    Protocol {
        /// What was wrong.
        detail: &'static str,
    },
    /// The system gave no random bytes for a new epoch.
    NoRandomness,
    /// The store was not used within a Tokio runtime.
    NoRuntime,
}

/// Whether the connection on which a problem showed can be used further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    Usable,
    Suspect,
}

impl RedisProblem {
    pub(super) fn connection(&self) -> Connection {
        match self {
            Self::NoRandomness | Self::NoRuntime => Connection::Usable,
            // A demoted or reloading server is asked again who it is, on a new connection.
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Login { .. }
            | Self::Evicting { .. }
            | Self::Replica
            | Self::Refused { .. }
            | Self::Protocol { .. } => Connection::Suspect,
        }
    }

    /// The problem behind an error of the client library.
    pub(super) fn from_redis(error: &RedisError) -> Self {
        let detail = error.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Login { detail },
            ErrorKind::Server(_) | ErrorKind::Extension => Self::from_server(error.code(), detail),
            _ => Self::Unreachable { detail },
        }
    }

    /// The problem behind an error that the server answered.
    pub(super) fn from_server(code: Option<&str>, detail: String) -> Self {
        match code {
            Some("NOAUTH" | "WRONGPASS" | "NOPERM") => Self::Login { detail },
            Some("READONLY") => Self::Replica,
            _ => Self::Refused { detail },
        }
    }
}

impl fmt::Display for RedisProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { detail } => write!(f, "Redis cannot be reached: {detail}"),
            Self::TimedOut { allowed } => {
                write!(f, "Redis did not answer within {} ms", allowed.as_millis())
            }
            Self::Login { detail } => write!(
                f,
                "Redis refuses the user, the password or the user's rights (redis.username, redis.password): {detail}"
            ),
            Self::Evicting { policy } => write!(
                f,
                "the maxmemory-policy of Redis is {policy}: it drops entries that have not expired, and a dropped entry \
                 is a proof that can be used again; set it to noeviction"
            ),
            Self::Replica => f.write_str("this Redis server is a read-only replica"),
            Self::Refused { detail } => write!(f, "Redis refuses a command: {detail}"),
            Self::Protocol { detail } => write!(f, "Redis gave a wrong answer: {detail}"),
            Self::NoRandomness => f.write_str("the system gave no random bytes"),
            Self::NoRuntime => f.write_str("the Redis store must be used within a Tokio runtime"),
        }
    }
}

impl std::error::Error for RedisProblem {}
